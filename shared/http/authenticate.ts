import type { Firestore } from '@google-cloud/firestore';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import {
  checkSession,
  isOver,
  type Session,
  SESSION_PREFIX,
  tokenHash,
  touchSession,
} from '../accounts/sessions.ts';
import { apiKeyHash, type Mode, newApiKey, parseApiKey, type Scope, SCOPES } from '../domain/api-key.ts';
import { AppError } from '../domain/errors.ts';
import { idSchema, randomId } from '../domain/ids.ts';
import { ROLE_SCOPES } from '../domain/roles.ts';
import { type Clock, timestamp } from '../domain/time.ts';

/** Who is calling, known from the credential alone. */
export interface Caller {
  companyId: string;
  mode: Mode;
  actor: { type: 'api_key' | 'member'; id: string };
  scopes: readonly Scope[];
  /** Of a member: without scopes until its level is `full`. */
  session?: Session;
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

/** A revoked key or an ended session works no longer than this on an instance that has just seen it. */
const CACHE_MS = 30_000;
const BEARER = /^Bearer +([\w]{1,100})$/i;

export interface AuthenticatorDeps {
  db: Firestore;
  now: Clock;
  /** For a function that only reads: what it serves is not written down as a use of the session. */
  readOnly?: boolean;
  /** For the function that ends sessions and changes roles: there both count at once. */
  freshSessions?: boolean;
}

/**
 * One read a credential and half a minute; its prefix says which kind it is. Only what exists is remembered, so that
 * guessing fills nothing.
 */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const byKey = apiKeyAuthenticator(deps);
  const bySession = sessionAuthenticator(deps);
  return (authorization) => {
    const token = BEARER.exec(authorization ?? '')?.[1] ?? '';
    return token.startsWith(SESSION_PREFIX) ? bySession(token) : byKey(token);
  };
}

function apiKeyAuthenticator(deps: AuthenticatorDeps): (key: string) => Promise<Caller> {
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

  return async (key) => {
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

function sessionAuthenticator(deps: AuthenticatorDeps): (token: string) => Promise<Caller> {
  const known = new LRUCache<string, { session: Session; readAt: number }>({ max: 1000 });

  return async (token) => {
    const hash = tokenHash(token);
    const kept = known.get(hash);
    const fresh =
      deps.freshSessions !== true &&
      kept !== undefined &&
      deps.now() - kept.readAt < CACHE_MS &&
      !isOver(kept.session, deps.now);
    const readAt = fresh ? kept.readAt : deps.now();
    const read = fresh ? kept.session : await checkSession(token, deps);
    const session = read && (deps.readOnly === true ? read : await touchSession(read, deps));
    if (session === undefined) {
      known.delete(hash);
      throw new AppError('UNAUTHENTICATED');
    }
    known.set(hash, { session, readAt });
    return {
      companyId: session.companyId,
      mode: session.mode,
      actor: { type: 'member', id: session.memberId },
      scopes: session.level === 'full' ? ROLE_SCOPES[session.role] : [],
      session,
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
