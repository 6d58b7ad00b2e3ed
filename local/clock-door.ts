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
 * answered; `GET /` only says what time it is. `{"held": true}` pauses all schedules, and answers when none is at work;
 * `{"held": false}` resumes them. The door's address is in `file`.
 */
export async function openClockDoor(clock: LocalClock, file: string): Promise<ClockDoor> {
  let moving: Promise<unknown> = Promise.resolve();
  const held = { schedules: false };
  const server = createServer((request, response) => {
    moving = moving.then(() => answer(clock, held, request, response)).catch(() => response.destroy());
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

async function answer(
  clock: LocalClock,
  held: { schedules: boolean },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
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
  const asked = read(await text(request));
  if (asked === undefined) {
    say(400, { detail: `{"ms": N}, up to ${MOST}, or {"held": true or false}` });
    return;
  }
  if ('held' in asked) {
    held.schedules = asked.held;
    if (asked.held) await clock.hold();
    else clock.release();
    say(200, { now: new Date(clock.now()).toISOString(), held: asked.held });
    return;
  }
  if (held.schedules) {
    say(409, { detail: 'The schedules are held: npm run clock -- go' });
    return;
  }
  const { ms } = asked;
  const moved = Math.min(ms, QUARTER - (clock.now() % QUARTER));
  await clock.advance(moved);
  say(200, { now: new Date(clock.now()).toISOString(), moved });
}

function read(body: string): { ms: number } | { held: boolean } | undefined {
  try {
    const { ms, held } = JSON.parse(body) as { ms?: unknown; held?: unknown };
    if (typeof held === 'boolean') return { held };
    return Number.isInteger(ms) && Number(ms) >= 0 && Number(ms) <= MOST ? { ms: Number(ms) } : undefined;
  } catch {
    return undefined;
  }
}
