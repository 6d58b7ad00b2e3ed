import type { Firestore } from '@google-cloud/firestore';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { openFirestore } from '../../shared/cloud/firestore.ts';
import { type Turn, withLease } from '../../shared/cloud/lease.ts';

const LASTS = 60_000;

let db: Firestore;
let time: number;
let name: string;
beforeAll(() => {
  process.env['FIRESTORE_EMULATOR_HOST'] = inject('emulators').firestore;
  const projectId = `lease-${randomBytes(6).toString('hex')}`;
  db = openFirestore({ projectId, cloudEndpoint: undefined }, '(default)');
});
afterAll(() => db.terminate());
beforeEach(() => {
  time = Date.UTC(2030, 0, 1);
  name = randomBytes(6).toString('hex');
});

const run = (work: (turn: Turn) => Promise<void>): Promise<boolean> =>
  withLease({ db, now: () => time }, name, LASTS, work);

/** A cursor that a run finds, while it leaves another. */
async function cursorAfter(next: string): Promise<string | undefined> {
  let found: string | undefined;
  await run((turn) => {
    found = turn.cursor['at'];
    turn.cursor['at'] = next;
    return Promise.resolve();
  });
  return found;
}

it('lets one run work at a time', async () => {
  let second: boolean | undefined;
  const first = await run(async () => {
    second = await run(() => Promise.resolve());
  });
  expect([first, second]).toEqual([true, false]);
  expect(await run(() => Promise.resolve())).toBe(true);
});

it('hands each run the cursor that the one before left', async () => {
  expect(await cursorAfter('a')).toBeUndefined();
  expect(await cursorAfter('b')).toBe('a');
  expect(await cursorAfter('c')).toBe('b');
});

it('is free again after a run that failed', async () => {
  await expect(run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await run(() => Promise.resolve())).toBe(true);
});

it('is taken over when its time is over, and a late run does not put back its cursor', async () => {
  await run(async (turn) => {
    turn.cursor['at'] = 'late';
    time += LASTS + 1;
    expect(await cursorAfter('new')).toBeUndefined();
  });
  expect(await cursorAfter('x')).toBe('new');
});

it('is not freed by a late run while another has it', async () => {
  let end: () => void = () => undefined;
  const late = await new Promise<{ ended: Promise<boolean> }>((started) => {
    const ended = run(
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
          started({ ended });
        }),
    );
  });
  time += LASTS + 1;
  await run(async () => {
    end();
    await late.ended;
    expect(await run(() => Promise.resolve())).toBe(false);
  });
});
