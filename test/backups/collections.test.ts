import { describe, expect, it } from 'vitest';
import { COLLECTIONS, LEFT_OUT } from '../../shared/backups/collections.ts';
import { paths } from '../../shared/cloud/firestore.ts';

/** Every collection that a path of ours names. */
function collectionsOf(path: unknown): string[] {
  const made: unknown =
    typeof path === 'function' ? (path as (...ids: unknown[]) => string)('1', '2', '3') : path;
  return String(made)
    .split('/')
    .filter((_, place) => place % 2 === 0);
}

describe('a backup', () => {
  it('takes every collection there is, or leaves it out on purpose', () => {
    const known = new Set([...Object.values(COLLECTIONS).flat(), ...LEFT_OUT]);
    const unknown = Object.values(paths)
      .flatMap(collectionsOf)
      .filter((name) => !known.has(name));
    expect([...new Set(unknown)]).toEqual([]);
  });

  it('takes nothing that must not come back', () => {
    const all = Object.values(COLLECTIONS).flat();
    for (const name of ['idempotency', 'receipts', 'sessions']) expect(all).not.toContain(name);
  });
});
