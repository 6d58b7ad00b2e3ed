import { type ChildProcess, spawn } from 'node:child_process';
import { createConnection, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A process that can not outlive this one. */
export interface Leashed {
  /** Settles when the process is gone, whoever ended it. */
  readonly gone: Promise<void>;
  /** The last things it said, for the sentence that tells why it did not start. */
  lastWords(): string;
  end(): Promise<void>;
}

/**
 * The shell waits for the command, and a second shell waits for the end of the pipe whose other end only this
 * process holds. However this process ends, SIGKILL included, the pipe closes and the command is killed.
 */
const LEASH = `
exec 3<&0
"$@" </dev/null 3<&- &
pid=$!
{ read _ <&3; kill -9 $pid; } 2>/dev/null &
watch=$!
wait $pid
code=$?
kill $watch 2>/dev/null
exit $code
`;

/** Starts a command in a session of its own, so that a Ctrl-C in the terminal does not reach it before we are done with it. */
export function startLeashed(command: string, args: string[]): Leashed {
  const child = spawn('/bin/sh', ['-c', LEASH, 'leash', command, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const said = collectTail(child);
  const gone = new Promise<void>((resolve) => {
    child.once('error', () => {
      resolve();
    });
    child.once('exit', () => {
      resolve();
    });
  });
  child.stdin.on('error', () => undefined);
  return {
    gone,
    lastWords: said,
    async end() {
      child.stdin.end();
      await gone;
    },
  };
}

function collectTail(child: ChildProcess): () => string {
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-2000);
    });
  }
  return () => tail.trim();
}

/** A port that nothing listened on a moment ago. Another process can still be quicker: callers try again. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether something accepts connections at `host:port`. */
export function answers(address: string): Promise<boolean> {
  const colon = address.lastIndexOf(':');
  return new Promise((resolve) => {
    const socket = createConnection({
      host: address.slice(0, colon).replace(/^\[|\]$/g, ''),
      port: Number(address.slice(colon + 1)),
    });
    const settle = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => {
      settle(true);
    });
    socket.once('error', () => {
      settle(false);
    });
  });
}
