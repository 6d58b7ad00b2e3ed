import type { Plan } from './deliver.ts';
import { badParam } from './refusal.ts';

/** What goes wrong with one request. `lose` and `hang` do the work first; a number answers that status instead of it. */
export type Fault = 'lose' | 'hang' | 'lose-before' | 400 | 429 | 500 | 503 | undefined;

/** One call of the API, for who decides what goes wrong with it. */
export interface ApiCall {
  method: string;
  path: string;
  account: string;
}

export type Choose = (call: ApiCall) => Fault;

const FAULTS: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  ...(['lose', 'hang', 'lose-before'] as const).map((name) => [name, name] as const),
  ...([400, 429, 500, 503] as const).map((status) => [String(status), status] as const),
]);

/**
 * Which calls go wrong, as a form says it: `faults=lose,429` of which one is chosen each time, for a `share` (0 to 1) of
 * the calls, at most `times`, of those whose path holds `path` and whose `account` it is. Without faults none does.
 */
export function misbehaviourOf(form: URLSearchParams): Choose {
  const faults = listOf(form.get('faults')).map((name) => {
    if (FAULTS.has(name)) return FAULTS.get(name);
    throw badParam('faults', `There is no ${name}; choose from ${[...FAULTS.keys()].join(', ')}.`);
  });
  const share = numberIn(form, 'share', 1, 1);
  let left = numberIn(form, 'times', Infinity);
  const [path, account] = [form.get('path') ?? '', form.get('account')];
  const random = dice(numberIn(form, 'seed', 1));
  return (call) => {
    const meant = call.path.includes(path) && (account === null || account === call.account);
    if (!meant || left <= 0 || faults.length === 0 || random() >= share) return undefined;
    left -= 1;
    return faults[Math.floor(random() * faults.length)];
  };
}

/**
 * What becomes of events, as a form says it: of a `share` (0 to 1) of them each is sent `copies` times, each copy as many
 * seconds late as `late` says (`60`, or anything in `0-172800`: they overtake each other), and a share of all of them,
 * `lose`, never. Without anything each is sent once and at once.
 */
export function planOf(form: URLSearchParams): Plan {
  const share = numberIn(form, 'share', 1, 1);
  const lose = numberIn(form, 'lose', 0, 1);
  const copies = numberIn(form, 'copies', 1, 10);
  const [least = '0', most = least] = (form.get('late') ?? '0').split('-');
  const [from, to] = [least, most].map((seconds) => {
    if (/^\d{1,7}$/.test(seconds)) return Number(seconds) * 1000;
    throw badParam('late', 'Seconds, or least and most of them: 0-172800');
  }) as [number, number];
  const random = dice(numberIn(form, 'seed', 1));
  return () => {
    if (random() < lose) return [];
    if (random() >= share) return [0];
    return Array.from({ length: copies }, () => Math.floor(from + random() * (to - from)));
  };
}

/** A row of numbers from 0 up to 1 that is the same for the same seed (mulberry32). */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function listOf(value: string | null): string[] {
  return (value ?? '').split(',').filter((each) => each !== '');
}

function numberIn(form: URLSearchParams, name: string, otherwise: number, most = 2 ** 31): number {
  const value = form.get(name);
  if (value === null || value === '') return otherwise;
  if (/^\d{1,10}(\.\d{1,6})?$/.test(value) && Number(value) <= most) return Number(value);
  throw badParam(name, `A number from 0 to ${most}`);
}
