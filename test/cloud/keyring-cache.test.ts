import { describe, expect, it } from 'vitest';
import { keyCache } from '../../shared/cloud/keyring-cache.ts';
import { AppError } from '../../shared/domain/errors.ts';

const MINUTE = 60_000;

/** A cache in front of a source that counts, and that can be told to fail. */
function setting() {
  const state = { time: 0, loads: 0, failure: undefined as Error | undefined };
  const bridged: string[] = [];
  const keysOf = keyCache({
    load: async (companyId) => {
      await Promise.resolve();
      if (state.failure !== undefined) throw state.failure;
      state.loads += 1;
      return `${companyId} ${state.loads}`;
    },
    now: () => state.time,
    onBridged: (companyId) => bridged.push(companyId),
  });
  return { state, bridged, keysOf };
}

const UNREACHABLE = new AppError('UNAVAILABLE');
const DENIED = new AppError('INTERNAL');

describe('keys in memory', () => {
  it('are loaded once for everybody who asks at the same time', async () => {
    const { state, keysOf } = setting();
    const keys = await Promise.all(Array.from({ length: 100 }, () => keysOf('cmp_a')));
    expect(new Set(keys)).toEqual(new Set(['cmp_a 1']));
    expect(state.loads).toBe(1);
  });

  it('serve for five minutes, and are then loaded again', async () => {
    const { state, keysOf } = setting();
    await keysOf('cmp_a');
    state.time = 5 * MINUTE - 1;
    expect(await keysOf('cmp_a')).toBe('cmp_a 1');
    state.time = 5 * MINUTE;
    expect(await keysOf('cmp_a')).toBe('cmp_a 2');
  });

  it('belong to one company', async () => {
    const { keysOf } = setting();
    expect(await Promise.all([keysOf('cmp_a'), keysOf('cmp_b')])).toEqual(['cmp_a 1', 'cmp_b 2']);
  });

  it('are of a bounded number of companies: the one not used for longest goes first', async () => {
    const { state, keysOf } = setting();
    await keysOf('cmp_first');
    await keysOf('cmp_second');
    for (let company = 0; company < 3_999; company += 1) {
      await keysOf(`cmp_${company}`);
      if (company === 2_000) await keysOf('cmp_first');
    }
    const before = state.loads;
    await keysOf('cmp_first');
    expect(state.loads).toBe(before);
    await keysOf('cmp_second');
    expect(state.loads).toBe(before + 1);
  });

  it('are asked for again after a failure, which is not kept', async () => {
    const { state, bridged, keysOf } = setting();
    state.failure = UNREACHABLE;
    await expect(keysOf('cmp_a')).rejects.toBe(UNREACHABLE);
    state.failure = undefined;
    expect(await keysOf('cmp_a')).toBe('cmp_a 1');
    expect(bridged).toEqual([]);
  });
});

describe('while KMS can not be reached', () => {
  it('keys of the last hour serve, with an alarm, and not a minute longer', async () => {
    const { state, bridged, keysOf } = setting();
    await keysOf('cmp_a');
    state.failure = UNREACHABLE;
    for (let minute = 5; minute < 60; minute += 1) {
      state.time = minute * MINUTE;
      expect(await keysOf('cmp_a')).toBe('cmp_a 1');
    }
    expect(bridged).toEqual(Array.from({ length: 55 }, () => 'cmp_a'));
    state.time = 60 * MINUTE - 1;
    expect(await keysOf('cmp_a')).toBe('cmp_a 1');
    state.time = 60 * MINUTE;
    await expect(keysOf('cmp_a')).rejects.toBe(UNREACHABLE);
  });

  it('only one call in half a minute waits for KMS', async () => {
    const { state, bridged, keysOf } = setting();
    await keysOf('cmp_a');
    state.failure = UNREACHABLE;
    state.time = 5 * MINUTE;
    await Promise.all(Array.from({ length: 50 }, () => keysOf('cmp_a')));
    state.time += 29_999;
    await keysOf('cmp_a');
    expect(bridged).toHaveLength(1);
    state.time += 1;
    await keysOf('cmp_a');
    expect(bridged).toHaveLength(2);
  });

  it('keys are fresh again once it can', async () => {
    const { state, keysOf } = setting();
    await keysOf('cmp_a');
    state.failure = UNREACHABLE;
    state.time = 50 * MINUTE;
    await keysOf('cmp_a');
    state.failure = undefined;
    state.time += 30_000;
    expect(await keysOf('cmp_a')).toBe('cmp_a 2');
    state.failure = UNREACHABLE;
    state.time += 59 * MINUTE;
    expect(await keysOf('cmp_a')).toBe('cmp_a 2');
  });

  it('a company whose keys were not in memory waits', async () => {
    const { state, keysOf } = setting();
    await keysOf('cmp_a');
    state.failure = UNREACHABLE;
    await expect(keysOf('cmp_b')).rejects.toBe(UNREACHABLE);
  });
});

describe('when KMS denies', () => {
  it('keys in memory do not serve, not even when it can not be reached afterwards', async () => {
    const { state, bridged, keysOf } = setting();
    await keysOf('cmp_a');
    state.time = 5 * MINUTE;
    state.failure = DENIED;
    await expect(keysOf('cmp_a')).rejects.toBe(DENIED);
    state.failure = UNREACHABLE;
    await expect(keysOf('cmp_a')).rejects.toBe(UNREACHABLE);
    expect(bridged).toEqual([]);
  });

  it('keys that were bridged before do not serve any longer', async () => {
    const { state, keysOf } = setting();
    await keysOf('cmp_a');
    state.failure = UNREACHABLE;
    state.time = 6 * MINUTE;
    expect(await keysOf('cmp_a')).toBe('cmp_a 1');
    state.failure = DENIED;
    state.time += 30_000;
    await expect(keysOf('cmp_a')).rejects.toBe(DENIED);
  });
});
