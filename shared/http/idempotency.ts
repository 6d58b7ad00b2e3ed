import { createSecretKey } from 'node:crypto';
import { type Firestore, Timestamp } from '@google-cloud/firestore';
import { z } from 'zod';
import type { Context } from 'hono';
import type { Beside } from '../audit/append.ts';
import { LookupKey } from '../crypto/lookup.ts';
import { AppError, badFields } from '../domain/errors.ts';
import type { Clock } from '../domain/time.ts';
import type { ApiEnv } from './app.ts';
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
  resource: z.string(),
  expireAt: z.instanceof(Timestamp),
});

/** The key belongs to one company and one route. */
export function idempotencyOf(
  header: string,
  caller: Pick<Caller, 'companyId'>,
  route: string,
  body: Buffer,
  lookup: Pick<LookupKey, 'hash'>,
): Idempotency {
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

/** The id of what an earlier request with this key has made; `IDEMPOTENCY_MISMATCH` when that one had another body. */
export async function replay(
  db: Firestore,
  idempotency: Idempotency,
  now: Clock,
): Promise<string | undefined> {
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
  return stored.resource;
}

/** The document to create in the very batch that makes the resource: both come into being, or neither. */
export function idempotencyRecord(
  idempotency: Idempotency,
  resource: string,
  now: Clock,
): { path: string; data: Record<string, unknown> } {
  return {
    path: `idempotency/${idempotency.docId}`,
    data: {
      bodyHash: idempotency.bodyHash,
      resource,
      expireAt: Timestamp.fromMillis(now() + DAY_MS),
    } satisfies z.infer<typeof Stored>,
  };
}

/** Where a request that may come twice is served. */
export interface OnceDeps {
  db: Firestore;
  now: Clock;
  /** What a request's key and body are hashed with; asked only where the request has a key. */
  keyring: { lookup(): Promise<Pick<LookupKey, 'hash'>> };
}

const KNOWN = new LookupKey(createSecretKey(Buffer.from('strongroom/idempotency/known/v1')));

/** Of functions that have no keyring, and whose bodies hold nothing of a shopper: this key is known to everybody. */
export const knownKeyring = { lookup: () => Promise.resolve(KNOWN) };

/** What a request made, or the id of what an earlier one with its key has made. */
export type Once<T> = { made: T; again?: undefined } | { made: undefined; again: string };

/**
 * Makes what a request asks for, once for each `Idempotency-Key` of a company and `route`. `make` hands `beside` on to
 * what it commits. Where it fails, a request with the same key may have been faster, at the same moment here or on
 * another instance: then that one's is this request's too. `IDEMPOTENCY_MISMATCH` when that one had another body.
 */
export async function once<T>(
  c: Context<ApiEnv>,
  route: string,
  { db, now, keyring }: OnceDeps,
  make: (beside: Beside | undefined) => Promise<T>,
): Promise<Once<T>> {
  const header = c.req.header('idempotency-key');
  if (header === undefined) return { made: await make(undefined) };
  const body = c.env.incoming.rawBody ?? Buffer.alloc(0);
  const idempotency = idempotencyOf(header, c.var.caller, route, body, await keyring.lookup());
  const earlier = await replay(db, idempotency, now);
  if (earlier !== undefined) return { made: undefined, again: earlier };
  try {
    const made = await make((writer, resource) => {
      const { path, data } = idempotencyRecord(idempotency, resource, now);
      writer.create(db.doc(path), data);
    });
    return { made };
  } catch (error) {
    const same = await replay(db, idempotency, now);
    if (same === undefined) throw error;
    return { made: undefined, again: same };
  }
}
