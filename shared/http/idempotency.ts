import { type Firestore, Timestamp } from '@google-cloud/firestore';
import { z } from 'zod';
import type { LookupKey } from '../crypto/lookup.ts';
import { AppError, badFields } from '../domain/errors.ts';
import type { Clock } from '../domain/time.ts';
import type { Caller } from './authenticate.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const KEY = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/** A request's `Idempotency-Key`, kept as keyed hashes only: a body holds an address that could be guessed. */
export interface Idempotency {
  docId: string;
  bodyHash: string;
}

/** `idempotency/{docId}`: what was made, never what was answered. */
const Stored = z.object({
  bodyHash: z.string(),
  status: z.int(),
  resource: z.string(),
  expireAt: z.instanceof(Timestamp),
});

/** The key belongs to one company and one route; `undefined` when the request has none. */
export function idempotencyOf(
  header: string | undefined,
  caller: Pick<Caller, 'companyId'>,
  route: string,
  body: Buffer,
  lookup: Pick<LookupKey, 'hash'>,
): Idempotency | undefined {
  if (header === undefined) return undefined;
  if (!KEY.test(header)) {
    throw badFields({ path: 'Idempotency-Key', message: 'not 1 to 255 printable ASCII characters' });
  }
  const docId = lookup.hash('idempotency', 'key', caller.companyId, route, header).toString('base64url');
  // Any bytes must hash, well-formed text or not: base64url makes them text.
  const bodyHash = lookup
    .hash('idempotency', 'body', docId, body.toString('base64url'))
    .toString('base64url');
  return { docId, bodyHash };
}

/** What an earlier request with this key has made; `IDEMPOTENCY_MISMATCH` when that one had another body. */
export async function replay(
  db: Firestore,
  idempotency: Idempotency,
  now: Clock,
): Promise<{ resource: string; status: number } | undefined> {
  const ref = db.doc(`idempotency/${idempotency.docId}`);
  const found = await ref.get();
  if (!found.exists) return undefined;
  const stored = Stored.parse(found.data());
  if (stored.expireAt.toMillis() <= now()) {
    // TTL removes it within a day; it must not stand in the way of the create until then.
    await ref.delete();
    return undefined;
  }
  if (stored.bodyHash !== idempotency.bodyHash) throw new AppError('IDEMPOTENCY_MISMATCH');
  return { resource: stored.resource, status: stored.status };
}

/** The document to create in the very batch that makes the resource: both come into being, or neither. */
export function idempotencyRecord(
  idempotency: Idempotency,
  made: { resource: string; status: number },
  now: Clock,
): { path: string; data: Record<string, unknown> } {
  return {
    path: `idempotency/${idempotency.docId}`,
    data: {
      bodyHash: idempotency.bodyHash,
      ...made,
      expireAt: Timestamp.fromMillis(now() + DAY_MS),
    } satisfies z.infer<typeof Stored>,
  };
}
