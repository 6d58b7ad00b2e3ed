import type { Firestore, Timestamp } from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { LRUCache } from 'lru-cache';
import { addApiKey, ApiKeyRef } from '../accounts/api-keys.ts';
import {
  checkSession,
  isOver,
  type Session,
  SESSION_PREFIX,
  tokenHash,
  touchSession,
} from '../accounts/sessions.ts';
import { paths } from '../cloud/firestore.ts';
import { hasStatus } from '../cloud/grpc-error.ts';
import { apiKeyHash, type Mode, parseApiKey, type Scope } from '../domain/api-key.ts';
import { AppError } from '../domain/errors.ts';
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

/** `UNAUTHENTICATED` for a credential that was somebody's, and is revoked or over. */
export class KnownCredential extends AppError {
  readonly who: Pick<Caller, 'companyId' | 'actor'>;

  constructor(who: Pick<Caller, 'companyId' | 'actor'>) {
    super('UNAUTHENTICATED');
    this.who = who;
  }
}

/** A key as it was read, and which version of it. */
interface KnownKey {
  ref: ApiKeyRef;
  readAt: number;
  version: Timestamp;
}

/** A use of a key is written down at most this often. */
const TOUCH_MS = 60_000;
/** A revoked key or an ended session works no longer than this on an instance that has just seen it. */
const CACHE_MS = 30_000;
const BEARER = /^Bearer +([\w]{1,100})$/i;

export interface AuthenticatorDeps {
  db: Firestore;
  now: Clock;
  /** For a function that only reads: what it serves is not written down as a use of the credential. */
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
  const known = new LRUCache<string, KnownKey>({ max: 1000 });

  async function find(hash: string): Promise<KnownKey | undefined> {
    const kept = known.get(hash);
    if (kept !== undefined && deps.now() - kept.readAt < CACHE_MS) return kept;
    known.delete(hash);
    const readAt = deps.now();
    const found = await deps.db.doc(paths.apiKeyRef(hash)).get();
    if (!found.exists || found.updateTime === undefined) return undefined;
    const read = { ref: ApiKeyRef.parse(found.data()), readAt, version: found.updateTime };
    known.set(hash, read);
    return read;
  }

  /** Writes down that a key is used, once a minute however many instances it is used on: the first writes. */
  async function touch(hash: string, used: KnownKey): Promise<void> {
    const { ref, version } = used;
    if (ref.lastUsedAt !== null && deps.now() - Date.parse(ref.lastUsedAt) < TOUCH_MS) return;
    const lastUsedAt = timestamp(deps.now);
    // Whoever comes while this is being written has nothing to write.
    used.ref = { ...ref, lastUsedAt };
    try {
      const written = { lastUsedAt };
      const { writeTime } = await deps.db
        .doc(paths.apiKeyRef(hash))
        .update(written, { lastUpdateTime: version });
      used.version = writeTime;
    } catch (error) {
      // Another instance was first, or the key has just been revoked: the next request reads it anew.
      known.delete(hash);
      const late = hasStatus(error, status.FAILED_PRECONDITION) || hasStatus(error, status.NOT_FOUND);
      if (!late) throw error;
    }
  }

  return async (key) => {
    const parsed = parseApiKey(key);
    const hash = apiKeyHash(key);
    const found = parsed && (await find(hash));
    const ref = found?.ref;
    const good =
      ref?.mode === parsed?.mode &&
      ref?.revokedAt === null &&
      (ref.expiresAt === null || Date.parse(ref.expiresAt) > deps.now());
    if (found === undefined || ref === undefined) throw new AppError('UNAUTHENTICATED');
    const who = { companyId: ref.companyId, actor: { type: 'api_key', id: ref.keyId } } as const;
    if (!good) throw new KnownCredential(who);
    if (deps.readOnly !== true) await touch(hash, found);
    return {
      ...who,
      mode: ref.mode,
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

/** Makes a key for a company outside its API: for the launcher and for tests. The key is known nowhere else. */
export async function storeApiKey(
  db: Firestore,
  input: { companyId: string; mode: Mode; name: string; scopes: readonly Scope[]; expiresAt: string | null },
  now: Clock,
): Promise<{ keyId: string; apiKey: string }> {
  const batch = db.batch();
  const { keyId, apiKey } = addApiKey(batch, input, { db, now });
  await batch.commit();
  return { keyId, apiKey };
}
