import { Agent, request } from 'node:http';

/** A request to a function under load. */
export interface Shot {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: Buffer;
}

const agent = new Agent({ keepAlive: true });

/** Sends one request and answers its status; 0 when nobody listens yet. */
export function shoot(port: number, shot: Shot): Promise<number> {
  const { method, path, body, headers } = shot;
  return new Promise((resolve) => {
    const sent = request({ agent, host: '127.0.0.1', port, method, path, headers: headersOf(headers, body) });
    sent.on('response', (response) => {
      response.resume();
      response.on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    sent.on('error', () => {
      resolve(0);
    });
    sent.end(body);
  });
}

/** Sends a number of requests, some at a time, and throws when one is answered otherwise than with 2xx. */
export async function fire(
  port: number,
  shots: { count: number; atOnce: number; next: (index: number) => Shot },
): Promise<void> {
  let sent = 0;
  const sender = async (): Promise<void> => {
    while (sent < shots.count) {
      const shot = shots.next(sent++);
      const status = await shoot(port, shot);
      if (status < 200 || status > 299) throw new Error(`${shot.method} ${shot.path} answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: shots.atOnce }, sender));
}

/** Repeats a request until somebody listens, and throws unless the answer is 2xx. */
export async function firstAnswer(port: number, shot: Shot): Promise<void> {
  let status = 0;
  while (status === 0) {
    status = await shoot(port, shot);
    if (status === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  if (status < 200 || status > 299) throw new Error(`${shot.method} ${shot.path} answered ${status}`);
}

function headersOf(headers: Record<string, string> = {}, body?: Buffer): Record<string, string | number> {
  return body === undefined ? headers : { ...headers, 'Content-Length': body.length };
}
