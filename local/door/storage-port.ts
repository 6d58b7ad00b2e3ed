import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KEEPS_IDLE } from '../idle-connections.ts';
import type { Port } from './cloud-port.ts';
import type { Counts } from './counts.ts';
import type { Fault, FaultTrap } from './faults.ts';
import type { Latency } from './latency.ts';
import type { Ask, Grants } from './permissions.ts';
import { storageRequest } from './storage-asks.ts';

interface StorageDesk {
  grants: Grants;
  counts: Counts;
  faults: FaultTrap;
  /** Base URL of the stand-in, asked anew for each request. */
  backend: () => URL;
}

/** One HTTP/1.1 port that passes Cloud Storage's JSON API through to the stand-in. */
export async function openStoragePort(desk: StorageDesk, latency: Latency): Promise<Port> {
  const agent = new Agent({ keepAlive: true });
  const server = createServer(KEEPS_IDLE, (incoming, answer) => {
    const asked = storageRequest(incoming.method ?? '', incoming.url ?? '');
    const denied = asked?.asks.find((ask) => !desk.grants.covers(ask));
    if (!asked || denied) {
      refuse(incoming, answer, 403, denial(denied));
      return;
    }
    const fault = desk.faults.meets({ service: 'storage', method: asked.method });
    latency.delay(() => {
      if (fault?.when === 'before') fail(fault, incoming, answer);
      else pass(incoming, answer, { desk, agent, fault });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        agent.destroy();
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function pass(
  incoming: IncomingMessage,
  answer: ServerResponse,
  { desk, agent, fault }: { desk: StorageDesk; agent: Agent; fault: Fault | undefined },
): void {
  const { hostname, port } = desk.backend();
  const { method, url, headers } = incoming;
  const upstream = request({ hostname, port, agent, method, path: url, headers });
  const meter = (chunk: Buffer): void => {
    desk.counts.add('bytes', chunk.length);
  };
  upstream.on('response', (response) => {
    const status = response.statusCode ?? 502;
    response.on('data', meter);
    response.on('end', () => {
      if (status < 400) desk.counts.add('storageCalls', 1);
      if (fault) fail(fault, incoming, answer);
    });
    response.on('error', () => answer.destroy());
    if (fault) return;
    answer.writeHead(status, response.headers);
    response.pipe(answer);
  });
  upstream.on('error', () => {
    refuse(incoming, answer, 503, 'The service can not be reached');
  });
  answer.on('close', () => {
    if (!fault) upstream.destroy();
  });
  incoming.on('data', meter);
  incoming.pipe(upstream);
}

function fail(fault: Fault, incoming: IncomingMessage, answer: ServerResponse): void {
  fault.onHit?.();
  if (fault.then === 'hang') return;
  if (fault.then === 'cut') answer.destroy();
  else refuse(incoming, answer, fault.then.status, 'An injected fault');
}

/** An error in the form of the JSON API. https://cloud.google.com/storage/docs/json_api/v1/status-codes */
function refuse(incoming: IncomingMessage, answer: ServerResponse, code: number, message: string): void {
  incoming.resume();
  if (answer.headersSent) {
    answer.destroy();
    return;
  }
  const reason = code === 403 ? 'forbidden' : 'backendError';
  const error = { code, message, errors: [{ message, domain: 'global', reason }] };
  answer.writeHead(code, { 'content-type': 'application/json; charset=UTF-8' });
  answer.end(JSON.stringify({ error }));
}

function denial(denied: Ask | undefined): string {
  if (!denied) return 'No role here includes this method.';
  return `Caller does not have ${denied.permission} access to the Google Cloud Storage resource. Permission '${denied.permission}' denied on resource (or it may not exist).`;
}
