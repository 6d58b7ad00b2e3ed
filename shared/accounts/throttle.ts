import { FieldValue, type Firestore, Timestamp } from '@google-cloud/firestore';
import { LRUCache } from 'lru-cache';
import { paths } from '../cloud/firestore.ts';
import type { LookupKey } from '../crypto/lookup.ts';
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../domain/time.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** How long a source is remembered from which somebody signed in. */
const FAMILIAR_DAYS = 14;

/** So many a window, for each combination of `per`: hashes of addresses, ids or sources, never the things themselves. */
export interface Limit {
  name: string;
  per: readonly string[];
  most: number;
  windowMs: number;
}

/** What is over its limit: the limit's name, and the seconds until its window ends. */
export interface Exceeded {
  name: string;
  retryAfter: number;
}

/** Counters that all instances share, in documents named by keyed hashes, one a window, removed by TTL. */
export interface Throttle {
  /** Counts one attempt under every limit, by one commit, and answers those that are exceeded by now. */
  count(limits: readonly Limit[]): Promise<Exceeded[]>;
  /** The same; `TOO_MANY_REQUESTS` when one is exceeded. */
  require(limits: readonly Limit[]): Promise<void>;
  /** A name for an address on the network that can not be turned back, and is another one tomorrow. */
  source(address: string): Promise<string>;
  /** Remembers that somebody signed in to an account from here. */
  befriend(account: string, address: string): Promise<void>;
  /** Whether somebody signed in to the account from here within two weeks. */
  isFamiliar(account: string, address: string): Promise<boolean>;
}

export function createThrottle(deps: {
  db: Firestore;
  lookup: () => Promise<LookupKey>;
  now: Clock;
}): Throttle {
  const { db, now } = deps;
  /** Spares the documents a flood: what is over its limit stays so until its window ends. */
  const over = new LRUCache<string, number>({ max: 10_000 });

  const nameOf = async (...parts: string[]): Promise<string> =>
    (await deps.lookup()).hash('throttle', ...parts).toString('base64url');
  const familiarName = (account: string, address: string, day: number): Promise<string> =>
    nameOf('familiar', account, String(day), address);

  async function count(limits: readonly Limit[]): Promise<Exceeded[]> {
    const at = now();
    const counters = await Promise.all(
      limits.map(async (limit) => {
        const window = Math.floor(at / limit.windowMs);
        const ends = (window + 1) * limit.windowMs;
        const id = await nameOf('count', limit.name, String(window), ...limit.per);
        return { ...limit, id, ends, retryAfter: Math.max(1, Math.ceil((ends - at) / 1000)) };
      }),
    );
    const known = counters.filter(({ id }) => (over.get(id) ?? 0) > at);
    if (known.length > 0) return known.map(({ name, retryAfter }) => ({ name, retryAfter }));

    // Counted first and read afterwards: of many attempts at one moment each sees those that were before it.
    const batch = db.batch();
    for (const { id, ends } of counters) {
      const expireAt = Timestamp.fromMillis(ends + MINUTE_MS);
      batch.set(db.doc(paths.throttle(id)), { count: FieldValue.increment(1), expireAt }, { merge: true });
    }
    await batch.commit();
    const found = await db.getAll(...counters.map(({ id }) => db.doc(paths.throttle(id))));
    return counters.flatMap(({ id, name, most, ends, retryAfter }, place) => {
      const counted: unknown = found[place]?.get('count');
      if (typeof counted === 'number' && counted <= most) return [];
      if (typeof counted === 'number' && counted > most) over.set(id, ends);
      return [{ name, retryAfter }];
    });
  }

  return {
    count,
    async require(limits) {
      const exceeded = await count(limits);
      if (exceeded.length > 0) throw tooMany(exceeded);
    },
    source: (address) => nameOf('source', String(Math.floor(now() / DAY_MS)), address),
    async befriend(account, address) {
      const day = Math.floor(now() / DAY_MS);
      const ref = db.doc(paths.throttle(await familiarName(account, address, day)));
      await ref.set({ expireAt: Timestamp.fromMillis((day + FAMILIAR_DAYS + 1) * DAY_MS) });
    },
    async isFamiliar(account, address) {
      const today = Math.floor(now() / DAY_MS);
      const names = await Promise.all(
        Array.from({ length: FAMILIAR_DAYS }, (_, ago) => familiarName(account, address, today - ago)),
      );
      const found = await db.getAll(...names.map((name) => db.doc(paths.throttle(name))));
      return found.some((doc) => doc.exists);
    },
  };
}

export function tooMany(exceeded: readonly Exceeded[]): AppError {
  const retryAfter = Math.max(...exceeded.map((each) => each.retryAfter));
  return new AppError('TOO_MANY_REQUESTS', undefined, { retryAfter });
}
