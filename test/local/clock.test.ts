import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalClock, startClock } from '../../local/clock.ts';

interface Tick {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingHttpHeaders;
}

const ticks: Tick[] = [];
const server = createServer((req, res) => {
  ticks.push({ method: req.method, url: req.url, headers: req.headers });
  res.writeHead(204).end();
});

beforeAll(() => new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening)));
afterAll(() => {
  server.close();
});
beforeEach(() => {
  ticks.length = 0;
});

function clock(onMove: (offset: number) => void = () => undefined, asleep: string[] = []): LocalClock {
  return startClock({
    schedules: [
      { name: 'sweep', to: 'sweep', path: '/', everyMinutes: 1 },
      { name: 'hourly', to: 'sweep', path: '/hourly', everyMinutes: 60 },
    ],
    urlOf: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    onMove: (offset) => {
      onMove(offset);
      return Promise.resolve();
    },
    byHand: true,
    asleep,
    aheadMs: 0,
  });
}

describe('the clock', () => {
  it('leaves to tick what is asleep', async () => {
    const local = clock(undefined, ['hourly']);
    local.release();
    await local.advance(2 * 60 * 60_000);
    expect(ticks.map(({ url }) => url)).toEqual(['/']);
    expect(await local.tick('hourly')).toBe(204);
    expect(ticks.at(-1)?.url).toBe('/hourly');
    local.stop();
  });

  it('calls what became due, once, as Cloud Scheduler calls it', async () => {
    const local = clock();
    local.release();
    await local.advance(5 * 60_000);
    const sweeps = ticks.filter((tick) => tick.url === '/');
    expect(sweeps).toEqual([
      {
        method: 'POST',
        url: '/',
        headers: expect.objectContaining({
          'x-cloudscheduler': 'true',
          'x-cloudscheduler-jobname': 'sweep',
          'user-agent': 'Google-Cloud-Scheduler',
          'content-type': 'application/json',
        }) as IncomingHttpHeaders,
      },
    ]);
    local.stop();
  });

  it('leaves alone what is not due yet', async () => {
    const local = clock();
    local.release();
    await local.advance(60 * 60_000 - (local.now() % (60 * 60_000)));
    ticks.length = 0;
    await local.advance(60_000);
    expect(ticks.map((tick) => tick.url)).toEqual(['/']);
    local.stop();
  });

  it('tells the functions the time before it calls them', async () => {
    const moves: number[] = [];
    const local = clock((offset) => moves.push(offset, ticks.length));
    local.release();
    await local.advance(60_000);
    await local.advance(60_000);
    expect(moves).toEqual([60_000, 0, 120_000, 1]);
    local.stop();
  });

  it('lets ticks wait while it is held', async () => {
    const local = clock();
    const advanced = local.advance(60_000);
    await new Promise(setImmediate);
    expect(ticks).toEqual([]);
    local.release();
    await advanced;
    expect(ticks.length).toBeGreaterThan(0);
    local.stop();
  });

  it('answers the status of a tick by hand', async () => {
    const local = clock();
    local.release();
    expect(await local.tick('sweep')).toBe(204);
    await expect(local.tick('unknown')).rejects.toThrow('There is no schedule');
    local.stop();
  });
});
