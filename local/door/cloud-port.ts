import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { SESSION_MEGABYTES, WINDOW } from './backend.ts';
import { Call, type Desk, refuse } from './call.ts';
import { methodAt } from './descriptors.ts';
import type { Latency } from './latency.ts';

export interface Port {
  port: number;
  close(): Promise<void>;
}

/** One h2c port that passes gRPC through to the backend that its path names. */
export async function openCloudPort(desk: Desk, latency: Latency): Promise<Port> {
  const server = createServer({
    settings: { initialWindowSize: WINDOW },
    maxSessionMemory: SESSION_MEGABYTES,
  });
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.setLocalWindowSize(WINDOW);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    const method = methodAt(headers[':path'] ?? '');
    if (!method || headers[':method'] !== 'POST') {
      refuse(stream, 7, 'No role here includes this method.');
      return;
    }
    const call = new Call(stream, headers, method, desk);
    latency.delay(() => {
      call.run();
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
        server.close(() => {
          resolve();
        });
        for (const session of sessions) session.destroy();
      }),
  };
}
