import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { startClock } from '../../local/clock.ts';
import { openClockDoor } from '../../local/clock-door.ts';

const QUARTER = 15 * 60_000;

it('moves the hub’s time for whoever has this machine, by a quarter of an hour at most', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-clock-'));
  const moves: number[] = [];
  const onMove = (offset: number): Promise<void> => Promise.resolve(void moves.push(offset));
  const clock = startClock({ schedules: [], urlOf: () => '', onMove, byHand: true, asleep: [], aheadMs: 0 });
  clock.release();
  const door = await openClockDoor(clock, join(folder, 'clock.json'));
  const { url } = JSON.parse(await readFile(join(folder, 'clock.json'), 'utf8')) as { url: string };
  const post = async (body: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url, { method: 'POST', body, headers });
    return { status: response.status, json: (await response.json()) as { now: string; moved: number } };
  };
  const before = clock.now();
  const { status, json } = await post(`{"ms":${String(100 * QUARTER)}}`);
  expect([status, json.moved <= QUARTER]).toEqual([200, true]);
  expect(moves).toEqual([json.moved]);
  expect(Date.parse(json.now)).toBeGreaterThanOrEqual(before + json.moved);
  expect((await post('{"ms":1}')).json.moved).toBe(1);
  for (const wrong of ['', '{}', '{"ms":-1}', '{"ms":1.5}', '{"ms":"1"}', '{"ms":99999999999999}']) {
    expect((await post(wrong)).status).toBe(400);
  }
  expect((await post('{"held":true}')).status).toBe(200);
  // A move would wait for the ticks that it fires.
  expect((await post('{"ms":1}')).status).toBe(409);
  expect((await post('{"held":false}')).status).toBe(200);
  expect((await post('{"ms":1}', { origin: 'https://anywhere.example' })).status).toBe(403);
  const { now } = (await (await fetch(url)).json()) as { now: string };
  expect(Date.parse(now)).toBeGreaterThanOrEqual(before + json.moved);
  expect(moves).toHaveLength(2);
  await door.close();
  clock.stop();
  await expect(readFile(join(folder, 'clock.json'))).rejects.toThrow();
  await rm(folder, { recursive: true });
});

it('is moved by more than a month too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-clock-'));
  const onMove = (): Promise<void> => Promise.resolve();
  const clock = startClock({ schedules: [], urlOf: () => '', onMove, byHand: true, asleep: [], aheadMs: 0 });
  clock.release();
  const door = await openClockDoor(clock, join(folder, '.strongroom', 'clock.json'));
  const before = clock.now();
  const command = resolve(import.meta.dirname, '..', '..', 'local', 'move-clock.ts');
  const moving = spawn(process.execPath, [command, '92d'], { cwd: folder });
  const over = once(moving, 'exit');
  const [said] = (await Promise.race([once(moving.stdout, 'data'), over])) as unknown[];
  moving.kill();
  await over;
  expect(Date.parse(String(said).split('\n')[0]?.trim() ?? '')).toBeGreaterThanOrEqual(before);
  await door.close();
  clock.stop();
  await rm(folder, { recursive: true });
});
