import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import type { LocalClock } from './clock.ts';

const QUARTER = 15 * 60_000;
/** A month: whoever wants more asks again. */
const MOST = 31 * 24 * 60 * 60_000;

/** Lets whoever has this machine move the hub's time on: `npm run clock`. */
export interface ClockDoor {
  url: string;
  close(): Promise<void>;
}

/**
 * `POST /` with `{"ms": N}` moves the time on by so many milliseconds, but no further than to the next quarter of an hour, so
 * that each schedule has its turns. It answers `{"now": RFC 3339, "moved": milliseconds}` when what became due has been
 * answered; `GET /` only says what time it is. The door's address is in `file`.
 */
export async function openClockDoor(clock: LocalClock, file: string): Promise<ClockDoor> {
  let moving: Promise<unknown> = Promise.resolve();
  const server = createServer((request, response) => {
    moving = moving.then(() => answer(clock, request, response)).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ url }), { mode: 0o600 });
  return {
    url,
    async close() {
      await rm(file, { force: true });
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function answer(clock: LocalClock, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const say = (status: number, body: object): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  // A page in a browser on this machine is not who has it.
  if (request.headers.origin !== undefined) {
    say(403, { detail: 'only npm run clock' });
    return;
  }
  if (request.method !== 'POST') {
    say(200, { now: new Date(clock.now()).toISOString() });
    return;
  }
  const ms = msIn(await text(request));
  if (ms === undefined) {
    say(400, { detail: `{"ms": N}, up to ${MOST}` });
    return;
  }
  const moved = Math.min(ms, QUARTER - (clock.now() % QUARTER));
  await clock.advance(moved);
  say(200, { now: new Date(clock.now()).toISOString(), moved });
}

function msIn(body: string): number | undefined {
  try {
    const { ms } = JSON.parse(body) as { ms?: unknown };
    return Number.isInteger(ms) && Number(ms) >= 0 && Number(ms) <= MOST ? Number(ms) : undefined;
  } catch {
    return undefined;
  }
}
