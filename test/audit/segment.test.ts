import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newEntry } from '../../shared/audit/append.ts';
import type { AuditEntry } from '../../shared/audit/entry.ts';
import { openSegment, sealSegment, type StoredSegment } from '../../shared/audit/segment.ts';
import type { AppError } from '../../shared/domain/errors.ts';
import { randomId } from '../../shared/domain/ids.ts';

const companyId = randomId('company');

function entryAt(at: string): AuditEntry {
  const record = { type: 'order', id: randomId('order') } as const;
  const about = { companyId, actor: { type: 'api_key', id: randomId('apiKey') }, record } as const;
  return newEntry(
    { ...about, action: 'order.opened', result: 'done', requestId: randomId('request'), facts: { lines: 2 } },
    { now: () => Date.parse(at) },
  );
}

const entries = ['2026-08-30T23:59:59.999Z', '2026-09-02T00:00:00.000Z', '2026-08-31T12:00:00.000Z'].map(
  entryAt,
);

describe('a segment of a log', () => {
  it('opens to the entries that were sealed, in their order', () => {
    const { document, content } = sealSegment(companyId, 7, entries, '2026-11-28');
    expect(openSegment(companyId, document, content)).toEqual(entries);
    expect(openSegment(companyId, document, content), 'a second time').toEqual(entries);
  });

  it('is found by every id and action in it, and by each day that it covers', () => {
    const { document } = sealSegment(companyId, 7, entries, '2026-11-28');
    expect(document.object).toMatch(/^2026-11-28\/[0-9a-f]{64}$/);
    expect(document).toMatchObject({ first: 7, count: 3, firstAt: entries[0]?.at, lastAt: entries[1]?.at });
    const days = ['2026-08-30', '2026-08-31', '2026-09-01', '2026-09-02'];
    const ids = entries.flatMap(({ id, actor, record }) => [id, actor.id ?? '', record.id]);
    expect([...document.has].sort()).toEqual(['order.opened', ...ids, ...days].sort());
  });

  it('shows nothing of an entry in its object', () => {
    const { document, content } = sealSegment(companyId, 7, entries, '2026-11-28');
    for (const word of [companyId, ...document.has]) expect(content.includes(word)).toBe(false);
  });

  it.each<[string, (segment: StoredSegment, content: Buffer) => [string, StoredSegment, Buffer]]>([
    ['for another company', (segment, content) => [randomId('company'), segment, content]],
    ['at another index', (segment, content) => [companyId, { ...segment, first: 8 }, content]],
    ['as another number of entries', (segment, content) => [companyId, { ...segment, count: 2 }, content]],
    ['with another key', (segment, content) => [companyId, { ...segment, key: Buffer.alloc(32) }, content]],
    ['with one bit changed', (segment, content) => [companyId, segment, flipped(content)]],
  ])('does not open %s', (_, other) => {
    const { document, content } = sealSegment(companyId, 7, entries, '2026-11-28');
    const broken = expect.objectContaining({ code: 'SEAL_BROKEN' }) as AppError;
    expect(() => openSegment(...other(document, content))).toThrow(broken);
  });

  it.each([
    ['of something else than entries', [{ ...entryAt('2026-08-30T12:00:00.000Z'), action: 'order.peeked' }]],
    ['of more than so many entries are', [{ ...entryAt('2026-08-30T12:00:00.000Z'), more: 'x'.repeat(5e6) }]],
  ])('does not open %s, whoever sealed it', (_, sealed) => {
    const { document, content } = sealSegment(companyId, 7, sealed as AuditEntry[], '2026-11-28');
    const broken = expect.objectContaining({ code: 'SEAL_BROKEN' }) as AppError;
    expect(() => openSegment(companyId, document, content)).toThrow(broken);
  });

  it('that was sealed in format 1 opens for ever', () => {
    const path = join(import.meta.dirname, '../vectors/log-segment-v1.json');
    const frozen = JSON.parse(readFileSync(path, 'utf8')) as Record<
      'companyId' | 'key' | 'content',
      string
    > & {
      segment: Omit<StoredSegment, 'key'>;
      entries: AuditEntry[];
    };
    const segment = { ...frozen.segment, key: Buffer.from(frozen.key, 'hex') };
    const content = Buffer.from(frozen.content, 'base64');
    expect(openSegment(frozen.companyId, segment, content)).toEqual(frozen.entries);
  });
});

function flipped(content: Buffer): Buffer {
  const other = Buffer.from(content);
  other.writeUInt8(other.readUInt8(20) ^ 1, 20);
  return other;
}
