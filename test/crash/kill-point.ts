import { expect } from 'vitest';
import type { CallSeen, Fault } from '../../local/door/faults.ts';
import type { FunctionName } from '../../local/topology.ts';
import type { TestCloud } from '../support/cloud.ts';
import { eventually } from '../support/market.ts';

/** A moment of a step: right before or right after the nth of those calls that its function makes to the cloud. */
export interface KillPoint {
  of: 'calls' | 'changes';
  nth: number;
  when: Fault['when'];
  /** For the message when it goes wrong. */
  title: string;
}

const CHANGES = new Set(['Commit', 'Publish', 'objects.insert']);

/** When a key was last used is noted once a minute, by whichever request comes next: it belongs to no step. */
const NOTE_OF_USE = /^apiKeyRefs\//;

/** Whether a call changes something of the step that it is made in. */
export function isChange({ method, writes = [] }: CallSeen): boolean {
  const noted =
    writes.length > 0 && writes.every(({ kind, path }) => kind === 'update' && NOTE_OF_USE.test(path));
  return CHANGES.has(method) && !noted;
}

const COUNTS: Record<KillPoint['of'], (call: CallSeen) => boolean> = {
  calls: () => true,
  changes: isChange,
};

/** The calls that a function makes, in order, while `step` runs undisturbed. */
export async function callsDuring(
  cloud: TestCloud,
  name: FunctionName,
  step: () => Promise<unknown>,
): Promise<CallSeen[]> {
  const seen: CallSeen[] = [];
  cloud.doors[name].setFault(watch((call) => seen.push(call)));
  await step();
  await cloud.hosts.idle();
  cloud.doors[name].setFault(null);
  return seen;
}

/**
 * Of two undisturbed runs the calls of the one that made fewer changes: at a slow moment the clock brings a message once
 * more, and the other runs of the step have no such call at which to be killed.
 */
export function fewerOf(one: CallSeen[], other: CallSeen[]): CallSeen[] {
  return other.filter(isChange).length < one.filter(isChange).length ? other : one;
}

/** After each call that changes something: every state in which a step can leave the cloud on its way. */
export function eachChange(calls: readonly CallSeen[]): KillPoint[][] {
  return pointsAfter(calls.filter(isChange), 'changes').map((point) => [point]);
}

/** In a row: after the nth change of the first run, then after one of the second run, and so on. */
export function afterChanges(...nths: number[]): () => KillPoint[][] {
  return () => [nths.map((nth) => ({ of: 'changes', nth, when: 'after', title: `after change ${nth}` }))];
}

/**
 * Before the first call and after each, reads included. Right before a call nothing is different from right after
 * the one in front of it. After a read there may be locks: Firestore keeps those of a dead client for a minute.
 */
export function eachCall(calls: readonly CallSeen[]): KillPoint[][] {
  const first: KillPoint = { of: 'calls', nth: 1, when: 'before', title: 'before anything' };
  return [first, ...pointsAfter(calls, 'calls')].map((point) => [point]);
}

function pointsAfter(calls: readonly CallSeen[], of: KillPoint['of']): KillPoint[] {
  return calls.map(({ method, database = '' }, place) => ({
    ...{ of, nth: place + 1, when: 'after' },
    title: `after ${method} ${database}`,
  }));
}

/**
 * Runs a step and kills its function with SIGKILL at each of the points in turn, starting it again in between. `step`
 * is the caller: it goes on until its answer is there, as a platform, a merchant, Pub/Sub or the clock would. Settles
 * when the step is done and what was sent twice has been dealt with.
 */
export async function killedAt(
  cloud: TestCloud,
  name: FunctionName,
  points: readonly Omit<KillPoint, 'title'>[],
  step: () => Promise<unknown>,
): Promise<void> {
  const door = cloud.doors[name];
  let stepping: Promise<unknown> | undefined;
  for (const point of points) {
    const trap = arm(cloud, name, point);
    if (stepping === undefined) stepping = step();
    else await cloud.restart(name);
    await Promise.race([trap.hit, unreached(stepping, trap)]);
    await trap.dead;
  }
  let again = 0;
  door.setFault(watch(() => (again += 1)));
  await cloud.restart(name);
  await stepping;
  // Whoever was not answered comes again, also where everything was done: this must not meet the next point.
  await eventually(() => {
    expect(again).toBeGreaterThan(0);
  });
  await cloud.hosts.idle();
  door.setFault(null);
}

interface Trap {
  readonly reached: boolean;
  /** The function has met the point. */
  hit: Promise<void>;
  /** Its process is gone. */
  dead: Promise<void>;
}

function arm(cloud: TestCloud, name: FunctionName, { of, nth, when }: Omit<KillPoint, 'title'>): Trap {
  const hit: PromiseWithResolvers<void> = Promise.withResolvers();
  const dead: PromiseWithResolvers<void> = Promise.withResolvers();
  let reached = false;
  const onHit = (): void => {
    reached = true;
    hit.resolve();
    cloud.kill(name).then(dead.resolve, dead.reject);
  };
  cloud.doors[name].setFault({ match: COUNTS[of], nth, when, then: 'hang', onHit });
  return {
    get reached() {
      return reached;
    },
    hit: hit.promise,
    dead: dead.promise,
  };
}

/** Fails when the step is over and its function has not met the point. What is done shows a little before it. */
async function unreached(stepping: Promise<unknown>, trap: Trap): Promise<void> {
  await stepping;
  await eventually(() => {
    expect(trap.reached, 'the step was done before the point at which to kill').toBe(true);
  }, 3000);
}

/** A fault that never strikes, and hears of every call. */
function watch(hear: (call: CallSeen) => unknown): Fault {
  return {
    match: (call) => {
      hear(call);
      return false;
    },
    nth: 1,
    when: 'before',
    then: 'hang',
  };
}
