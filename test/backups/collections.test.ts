import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COLLECTIONS, LEFT_OUT } from '../../shared/backups/collections.ts';
import { HELD } from '../../shared/backups/hold-work.ts';
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

describe('a restore', () => {
  it('holds all scheduled work that takes a lease', () => {
    const folder = new URL('../../shared/', import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const leases = files.flatMap((name) => {
      const text = readFileSync(new URL(name, folder), 'utf8');
      return [...text.matchAll(/withLease\(\s*[^,()]+,\s*'([^']+)'/g)].map(([, lease]) => lease);
    });
    expect(leases.length).toBeGreaterThan(5);
    expect([...new Set(leases)].sort()).toEqual([...HELD].sort());
  });
});
