import { z } from '@hono/zod-openapi';
import { AuditEntry, leafHash } from '../../audit/entry.ts';

export const EXAMPLE: AuditEntry = {
  id: 'aud_7v3k9x0q2m4c8t1w5y6z0b2d4f',
  companyId: 'cmp_1n4r7t0v3x6z9c2f5h8k1m4q7s',
  at: '2026-11-23T09:00:00.000Z',
  actor: { type: 'api_key', id: 'key_5c8f1h4k7m0q3s6v9x2z5b8d1g' },
  action: 'order.opened',
  record: { type: 'order', id: 'ord_9x2z5b8d1g4j7n0r3t6w9y2a5e' },
  result: 'done',
  requestId: 'req_3t6w9y2a5e8h1k4n7q0s3v6x9z',
  facts: {},
};

const Hash = z.string().regex(/^[\w-]{43}$/);
const EXAMPLE_HASH = leafHash(EXAMPLE);
const Count = z.int().min(0);
const Path = z.array(Hash).openapi({ description: 'Hashes as RFC 9162 orders them, base64url.' });

/** An entry as it is shown: all that its leaf is made of, so that a merchant can compute the hash again. */
export const ShownEntry = AuditEntry.extend({
  leaf: Hash.openapi({
    description: 'base64url of SHA-256(0x00 ‖ RFC 8785 form of the other members and `"v":1`).',
  }),
}).openapi('AuditEntry', { example: { ...EXAMPLE, leaf: EXAMPLE_HASH } });

export const Checkpoint = z
  .strictObject({
    n: Count.openapi({ description: 'The number of the root. There is one every five minutes.' }),
    at: z.iso.datetime({ precision: 3 }),
    size: Count.openapi({ description: 'How many entries your log had.' }),
    head: Hash.openapi({ description: 'The root of the RFC 9162 tree of these entries’ leaves.' }),
    bucket: z.array(z.strictObject({ company: Hash, head: Hash })).openapi({
      description:
        'Who shares your place in the tree over all companies, sorted: SHA-256 of `company/{id}`, and ' +
        'SHA-256(0x02 ‖ size in 8 bytes ‖ head). You are in it once.',
    }),
    path: z.array(Hash).length(16).openapi({ description: 'From the bucket up to the root.' }),
    root: z.string().openapi({
      description:
        'A compact JWS of type `strongroom-root+jwt` by a key of `/.well-known/jwks.json`: the number `n`, when, how ' +
        'many companies, the `root` over them, and the root of the tree of all statements before.',
    }),
  })
  .openapi('AuditCheckpoint', {
    example: {
      ...{ n: 4711, at: '2026-11-23T09:05:00.000Z', size: 1, head: EXAMPLE_HASH },
      bucket: [{ company: EXAMPLE_HASH, head: EXAMPLE_HASH }],
      path: Array.from({ length: 16 }, () => EXAMPLE_HASH),
      root: 'eyJhbGciOiJFUzI1NiIsInR5cCI6…',
    },
  });

const Inclusion = z.strictObject({ index: Count, size: Count, path: Path });

export const EntryProof = z
  .strictObject({ entry: ShownEntry, inclusion: Inclusion, checkpoint: Checkpoint })
  .openapi('AuditEntryProof');

export const CheckpointPage = z
  .strictObject({ data: z.array(Checkpoint), next: z.string().nullable() })
  .openapi('AuditCheckpointPage');

export const Consistency = z
  .strictObject({
    checkpoint: Checkpoint,
    log: z.strictObject({ first: Count, size: Count, path: Path }).openapi({
      description:
        'That your log of `size` entries begins with the `first` that it had under the earlier root.',
    }),
    history: Inclusion.nullable().openapi({
      description: 'That the earlier root is in the history of this one. Null when it is the same.',
    }),
  })
  .openapi('AuditConsistency');

export const AuditPage = z
  .strictObject({ data: z.array(ShownEntry), next: z.string().nullable() })
  .openapi('AuditPage');

/** What anyone may read. */
export const PublishedRoot = z
  .strictObject({ n: Count, root: z.string() })
  .openapi('PublishedRoot', { example: { n: 4711, root: 'eyJhbGciOiJFUzI1NiIsInR5cCI6…' } });
