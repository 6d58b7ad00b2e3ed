import type { Firestore } from '@google-cloud/firestore';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { apiKeyHash, type Mode, newApiKey, parseApiKey, type Scope, SCOPES } from '../domain/api-key.ts';
import { AppError } from '../domain/errors.ts';
import { idSchema, randomId } from '../domain/ids.ts';
import { type Clock, timestamp } from '../domain/time.ts';

/** Who is calling, known from the credential alone. */
export interface Caller {
  companyId: string;
  mode: Mode;
  actor: { type: 'api_key' | 'member'; id: string };
  scopes: readonly Scope[];
}

/** From the `Authorization` header to a caller. Whatever is wrong with it is one and the same `UNAUTHENTICATED`. */
export type Authenticator = (authorization: string | undefined) => Promise<Caller>;

/** `apiKeyRefs/{sha256 of the key}`. */
const ApiKeyRef = z.object({
  companyId: idSchema('company'),
  keyId: idSchema('apiKey'),
  mode: z.enum(['live', 'test']),
  scopes: z.array(z.enum(SCOPES)),
  expiresAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
});
type ApiKeyRef = z.infer<typeof ApiKeyRef>;

/** A revoked key works no longer than this on an instance that has just seen it. */
const CACHE_MS = 30_000;
const BEARER = /^Bearer +([\w]{1,100})$/i;

/** One read a key and half a minute. Only keys that exist are remembered, so that guessing fills nothing. */
export function createAuthenticator(deps: { db: Firestore; now: Clock }): Authenticator {
  const known = new LRUCache<string, { ref: ApiKeyRef; readAt: number }>({ max: 1000 });

  async function find(hash: string): Promise<ApiKeyRef | undefined> {
    const kept = known.get(hash);
    if (kept !== undefined && deps.now() - kept.readAt < CACHE_MS) return kept.ref;
    known.delete(hash);
    const readAt = deps.now();
    const found = await deps.db.doc(`apiKeyRefs/${hash}`).get();
    if (!found.exists) return undefined;
    const ref = ApiKeyRef.parse(found.data());
    known.set(hash, { ref, readAt });
    return ref;
  }

  return async (authorization) => {
    const key = BEARER.exec(authorization ?? '')?.[1] ?? '';
    const parsed = parseApiKey(key);
    const ref = parsed && (await find(apiKeyHash(key)));
    const good =
      ref?.mode === parsed?.mode &&
      ref?.revokedAt === null &&
      (ref.expiresAt === null || Date.parse(ref.expiresAt) > deps.now());
    if (ref === undefined || !good) throw new AppError('UNAUTHENTICATED');
    return {
      companyId: ref.companyId,
      mode: ref.mode,
      actor: { type: 'api_key', id: ref.keyId },
      scopes: ref.scopes,
    };
  };
}

/** Makes a key for a company, stores its hash and answers the key itself, which is known nowhere else afterwards. */
export async function storeApiKey(
  db: Firestore,
  input: { companyId: string; mode: Mode; name: string; scopes: readonly Scope[]; expiresAt: string | null },
  now: Clock,
): Promise<{ keyId: string; apiKey: string }> {
  const apiKey = newApiKey(input.mode);
  const keyId = randomId('apiKey');
  const { companyId, mode, name, expiresAt } = input;
  const scopes = [...input.scopes];
  const batch = db.batch();
  batch.create(db.doc(`apiKeyRefs/${apiKeyHash(apiKey)}`), {
    companyId,
    keyId,
    mode,
    scopes,
    expiresAt,
    revokedAt: null,
  } satisfies ApiKeyRef);
  batch.create(db.doc(`companies/${companyId}/apiKeys/${keyId}`), {
    name,
    prefix: apiKey.slice(0, 'sr_live_'.length + 4),
    scopes,
    createdAt: timestamp(now),
    expiresAt,
    revokedAt: null,
  });
  await batch.commit();
  return { keyId, apiKey };
}
