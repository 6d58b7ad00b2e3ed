import { LRUCache } from 'lru-cache';
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../domain/time.ts';

/** How long a company's keys serve before KMS is asked again: as long as a withdrawn right can go unnoticed. */
const FRESH_MS = 5 * 60_000;
/** How long keys serve that could not be asked for again, because KMS is down. */
const BRIDGED_MS = 60 * 60_000;
/** While KMS is down, one call in half a minute waits to find that out; the others are served from memory. */
const ASK_AGAIN_MS = 30_000;
/** About 4.4 KB each. */
const COMPANIES_HELD = 4_000;

interface Held<Keys> {
  keys: Keys;
  loadedAt: number;
  askAgainAt: number;
}

/**
 * Keeps the keys of companies in memory, a bounded number of them, and loads each once however many ask at a time.
 * When `load` fails with `UNAVAILABLE`, keys of the last hour serve on and `onBridged` is told. When it fails with
 * any other code of ours, KMS denies or the key is gone: what was held is dropped at once. What `has` finds wanting, such as
 * the keys from before a new version, is loaded anew.
 */
export function keyCache<Keys>(deps: {
  load: (companyId: string) => Promise<Keys>;
  now: Clock;
  onBridged: (companyId: string) => void;
}): (companyId: string, has?: (keys: Keys) => boolean) => Promise<Keys> {
  const { load, now, onBridged } = deps;
  const held = new LRUCache<string, Held<Keys>>({ max: COMPANIES_HELD });
  const loading = new Map<string, Promise<Keys>>();

  return async (companyId, has = () => true) => {
    const known = held.get(companyId);
    if (known !== undefined && now() < known.askAgainAt && has(known.keys)) return known.keys;
    const underWay = loading.get(companyId);
    if (underWay !== undefined) return underWay;
    const started = reload(companyId, has).finally(() => loading.delete(companyId));
    loading.set(companyId, started);
    return started;
  };

  async function reload(companyId: string, has: (keys: Keys) => boolean): Promise<Keys> {
    dropOld();
    const loadedAt = now();
    try {
      const keys = await load(companyId);
      held.set(companyId, { keys, loadedAt, askAgainAt: loadedAt + FRESH_MS });
      return keys;
    } catch (error) {
      return bridged(companyId, error, has);
    }
  }

  function bridged(companyId: string, error: unknown, has: (keys: Keys) => boolean): Keys {
    if (!(error instanceof AppError)) throw error;
    if (error.code !== 'UNAVAILABLE') held.delete(companyId);
    dropOld();
    const known = held.get(companyId);
    if (known === undefined || !has(known.keys)) throw error;
    known.askAgainAt = Math.min(now() + ASK_AGAIN_MS, known.loadedAt + BRIDGED_MS);
    onBridged(companyId);
    return known.keys;
  }

  /** Keys of companies that nobody asks for do not stay either. */
  function dropOld(): void {
    for (const [companyId, { loadedAt }] of held.entries()) {
      if (now() >= loadedAt + BRIDGED_MS) held.delete(companyId);
    }
  }
}
