import { Agent, request } from 'node:http';

/** A request as it goes over the wire; nothing is added to it but what its framing needs. */
export interface WireRequest {
  method: string;
  /** Path and query, sent as it is. */
  path: string;
  headers: Record<string, string>;
  body: Buffer;
}

export interface WireAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** The longest that an answer may take. */
const PATIENCE_MS = 10_000;

/** Sends over connections that are kept; rejects when there is no whole answer in time. */
export interface Wire {
  send(baseUrl: string, request: WireRequest): Promise<WireAnswer>;
  close(): void;
}

export function openWire(connections: number): Wire {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    send: (baseUrl, { method, path, headers, body }) =>
      new Promise((resolve, reject) => {
        const { hostname, port } = new URL(baseUrl);
        // Node frames the bodies of GET, HEAD and DELETE in no way by itself.
        const framing = 'Transfer-Encoding' in headers ? {} : { 'Content-Length': body.length };
        const call = request({ agent, hostname, port, method, path, headers: { ...headers, ...framing } });
        const patience = setTimeout(() => {
          call.destroy(new Error(`no answer within ${PATIENCE_MS} ms`));
        }, PATIENCE_MS);
        const failed = (error: Error): void => {
          clearTimeout(patience);
          reject(error);
        };
        call.on('error', failed);
        call.on('response', (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', failed);
          response.on('end', () => {
            clearTimeout(patience);
            const answered = Buffer.concat(chunks).toString('utf8');
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answered });
          });
        });
        call.end(body);
      }),
    close: () => {
      agent.destroy();
    },
  };
}
