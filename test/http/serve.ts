import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http, type HttpFunction } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { onTestFinished } from 'vitest';

let served = 0;

/** Runs a function inside functions-framework, as it is deployed, and answers its base URL. */
export async function serve(fn: HttpFunction): Promise<string> {
  served += 1;
  const name = `served-${served}`;
  http(name, fn);
  const server = getTestServer(name);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A request as it is, for what `fetch` does not send: a body without a type, an odd Host, a bad target. */
export async function send(
  url: string,
  options: { method: string; path?: string; headers?: Record<string, string>; body?: Buffer | string },
): Promise<{ status: number; headers: IncomingMessage['headers']; body: string }> {
  const { port } = new URL(url);
  const request = httpRequest({
    host: '127.0.0.1',
    port,
    method: options.method,
    path: options.path ?? '/',
    headers: options.headers ?? {},
  });
  request.end(options.body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}
