import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newEntry } from '../../shared/audit/append.ts';
import { auditHeader, AuditEntry, canonicalForm, leafHash } from '../../shared/audit/entry.ts';
import { randomId } from '../../shared/domain/ids.ts';

interface Vector {
  name: string;
  entry: unknown;
  canonical: string;
  leaf: string;
}

const vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, '../vectors/audit-leaf-v1.json'), 'utf8'),
) as { cases: Vector[] };

const now = () => Date.UTC(2026, 10, 23);

function input(): Parameters<typeof newEntry>[0] {
  return {
    companyId: randomId('company'),
    actor: { type: 'api_key', id: randomId('apiKey') },
    action: 'order.opened',
    record: { type: 'order', id: randomId('order') },
    result: 'done',
    requestId: randomId('request'),
    facts: {},
  };
}

describe('the leaf of an audit entry', () => {
  it.each(vectors.cases)('of $name is what it always was', ({ entry, canonical, leaf }) => {
    const parsed = AuditEntry.parse(entry);
    expect(canonicalForm(parsed).toString('utf8')).toBe(canonical);
    expect(leafHash(parsed)).toBe(leaf);
    expect(auditHeader(parsed)).toBe(`${parsed.id}; leaf=${leaf}`);
  });

  it('does not depend on the order of members', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...vectors.cases),
        fc.array(fc.nat(20), { minLength: 9, maxLength: 9 }),
        (vector, order) => {
          const members = Object.entries(vector.entry as object);
          const shuffled = members
            .map((member, index) => ({ member, at: order[index] ?? 0 }))
            .sort((a, b) => a.at - b.at);
          const entry = Object.fromEntries(shuffled.map(({ member }) => member)) as AuditEntry;
          expect(leafHash(entry)).toBe(vector.leaf);
        },
      ),
    );
  });

  it('changes with every member', () => {
    const entry = newEntry({ ...input(), facts: { lines: 1 } }, { now });
    const other = newEntry(
      { ...input(), action: 'order.updated', result: 'refused', facts: { lines: 2 } },
      { now: Date.now },
    );
    const leaves = Object.keys(entry).map((member) =>
      leafHash({ ...entry, [member]: other[member as keyof AuditEntry] }),
    );
    expect(new Set([leafHash(entry), ...leaves]).size).toBe(Object.keys(entry).length + 1);
  });
});

describe('an audit entry', () => {
  it('has an id and a time of its own', () => {
    const entry = newEntry(input(), { now });
    expect(entry.id).toMatch(/^aud_[0-9a-z]{26}$/);
    expect(entry.at).toBe('2026-11-23T00:00:00.000Z');
  });

  it('leaves out a fact that is not known', () => {
    const entry = newEntry({ ...input(), facts: { lines: 2, partnerId: undefined } }, { now });
    expect(Object.keys(entry.facts)).toEqual(['lines']);
  });

  it.each([
    ['a text as a fact', { code: 'Jane from 12 Main Street' }],
    ['an email as an id', { partnerId: 'ptn_jane@leak.invalid' }],
    ['an unknown fact', { firstName: 'Jane' }],
    ['a text as a count', { lines: '3' }],
    ['an object as a fact', { lines: { firstName: 'Jane' } }],
    ['a fraction', { lines: 1.5 }],
  ])('is not made with %s', (_, facts) => {
    expect(() => newEntry({ ...input(), facts: facts as object }, { now })).toThrow();
  });

  it('is not made of an action that the catalogue does not have', () => {
    expect(() => newEntry({ ...input(), action: 'order.peeked' as 'order.opened' }, { now })).toThrow();
  });
});
