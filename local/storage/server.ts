import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { KEEPS_IDLE } from '../idle-connections.ts';
import type { Clock } from '../../shared/domain/time.ts';
import { type Answer, answer } from './api.ts';
import { Refusal } from './refusal.ts';
import { folderShelf, memoryShelf } from './shelf.ts';
import { openStore } from './store.ts';

/** A running stand-in for Cloud Storage. */
export interface StorageServer {
  port: number;
  /** What the official client takes as `apiEndpoint`. */
  url: string;
  /** Answers every request with this HTTP status, until `null`. */
  fail(status: number | null): void;
  close(): Promise<void>;
}

/**
 * Serves the part of Cloud Storage's JSON API that the hub uses: buckets with retention policies, and objects with
 * generations and preconditions, uploaded in one request. With a data folder everything is kept below
 * `{dataDir}/storage`, without one in memory. It asks nobody who they are.
 */
export async function startStorage(
  options: { host?: string; port?: number; dataDir?: string; now?: Clock } = {},
): Promise<StorageServer> {
  const { host = '127.0.0.1', port = 0, dataDir, now = Date.now } = options;
  const shelf = dataDir === undefined ? memoryShelf() : folderShelf(join(dataDir, 'storage'));
  const store = openStore(shelf, now);
  let failure: number | null = null;

  async function serve(request: IncomingMessage): Promise<Answer> {
    // The body is taken even when it does not matter: a client that is still writing would see a broken pipe.
    const body = await buffer(request);
    if (failure !== null) throw new Refusal(failure, 'backendError', 'Told to fail.');
    const [path = '', search = ''] = (request.url ?? '').split('?', 2);
    const query = new URLSearchParams(search);
    const contentType = request.headers['content-type'];
    return answer(request.method ?? '', path, { store, query, body, contentType });
  }

  const server = createServer(KEEPS_IDLE, (request, response) => {
    serve(request)
      .then((result) => {
        send(response, result);
      })
      .catch((error: unknown) => {
        // A caller that left before its body was whole hears nothing.
        if (request.errored === null) sendRefusal(response, error);
      });
  });
  server.listen(port, host);
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    url: `http://${host}:${bound}`,
    fail(status) {
      failure = status;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function send(response: ServerResponse, result: Answer): void {
  switch (result.kind) {
    case 'json':
      sendJson(response, 200, result.value);
      break;
    case 'content':
      response
        .writeHead(200, { ...result.headers, 'content-length': result.content.length })
        .end(result.content);
      break;
    case 'nothing':
      response.writeHead(204).end();
  }
}

function sendRefusal(response: ServerResponse, error: unknown): void {
  if (!(error instanceof Refusal)) console.error('The Cloud Storage stand-in failed:', error);
  const refusal = error instanceof Refusal ? error : new Refusal(500, 'backendError', 'Backend Error');
  if (refusal.status === 304) response.writeHead(304).end();
  else sendJson(response, refusal.status, refusal.body());
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  const body = Buffer.from(JSON.stringify(value));
  response
    .writeHead(status, { 'content-type': 'application/json; charset=UTF-8', 'content-length': body.length })
    .end(body);
}
