import {
  type DocumentData,
  type DocumentReference,
  FieldPath,
  type Firestore,
} from '@google-cloud/firestore';
import { z } from 'zod';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { API_KEY_SCOPES, apiKeyHash, type Mode, newApiKey, type Scope, SCOPES } from '../domain/api-key.ts';
import { AppError, badFields } from '../domain/errors.ts';
import { idSchema, randomId } from '../domain/ids.ts';
import { ROLE_SCOPES } from '../domain/roles.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import type { AccountsDeps } from './deps.ts';
import { StoredCompany } from './documents.ts';
import { readMember } from './member-store.ts';
import type { ActingMember } from './members.ts';

/** `apiKeyRefs/{SHA-256 of the key}`: all that a request needs to know of its key, for one read. */
export const ApiKeyRef = z.object({
  companyId: idSchema('company'),
  keyId: idSchema('apiKey'),
  mode: z.enum(['live', 'test']),
  scopes: z.array(z.enum(SCOPES)),
  expiresAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
  /** To the minute. */
  lastUsedAt: z.string().nullable().default(null),
});
export type ApiKeyRef = z.infer<typeof ApiKeyRef>;

/** `companies/{companyId}/apiKeys/{keyId}`. */
export const StoredApiKey = z.object({
  name: z.string(),
  /** The name of the key's document in `apiKeyRefs`. */
  hash: z.string(),
  /** How a key begins, for people who look for it: 4 of its 32 random characters. */
  prefix: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  createdAt: z.string(),
  /** Whose it is to know, though the key is the company's and goes on without its maker; `null`: no member's. */
  createdBy: idSchema('member').nullable().default(null),
  expiresAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
});
export type StoredApiKey = z.infer<typeof StoredApiKey>;

/** A key as it is listed: nothing of it opens anything. */
export interface ApiKeyView extends Omit<StoredApiKey, 'hash'> {
  id: string;
  lastUsedAt: string | null;
}

/** Adds a new key to what the caller is about to commit. The key itself is known nowhere else afterwards. */
export function addApiKey(
  writer: { create(ref: DocumentReference, data: DocumentData): unknown },
  input: {
    companyId: string;
    mode: Mode;
    name: string;
    scopes: readonly Scope[];
    expiresAt: string | null;
    /** The member who makes it. */
    createdBy?: string;
  },
  { db, now }: { db: Firestore; now: Clock },
): { keyId: string; apiKey: string; view: ApiKeyView } {
  const { companyId, mode, name, expiresAt, createdBy = null } = input;
  const apiKey = newApiKey(mode);
  const keyId = randomId('apiKey');
  const hash = apiKeyHash(apiKey);
  const both = { scopes: [...input.scopes], expiresAt, revokedAt: null };
  const ref: ApiKeyRef = { companyId, keyId, mode, ...both, lastUsedAt: null };
  const stored: StoredApiKey = {
    ...{ name, hash, prefix: apiKey.slice(0, 'sr_live_'.length + 4), createdAt: timestamp(now), createdBy },
    ...both,
  };
  writer.create(db.doc(paths.apiKeyRef(hash)), ref);
  writer.create(db.doc(paths.apiKey(companyId, keyId)), stored);
  return { keyId, apiKey, view: viewOf(keyId, stored, null) };
}

/**
 * Makes a key of the company's mode, with at most the scopes that a key can have and its maker has. `BAD_REQUEST` for
 * others and for an expiry that has passed.
 */
export async function createApiKey(
  acting: ActingMember,
  input: { name: string; scopes: readonly Scope[]; expiresAt: string | null },
  deps: Pick<AccountsDeps, 'db' | 'now'>,
): Promise<{ apiKey: string; view: ApiKeyView; entry: AuditEntry }> {
  const { db, now } = deps;
  const { companyId, memberId } = acting;
  if (input.expiresAt !== null && Date.parse(input.expiresAt) <= now()) {
    throw badFields({ path: 'expiresAt', message: 'is not in the future' });
  }
  return db.runTransaction(async (tx) => {
    const [company, member] = await tx.getAll(
      db.doc(paths.company(companyId)),
      db.doc(paths.member(companyId, memberId)),
    );
    // As they are now: whoever was suspended or lost a role since the request was let in makes no key.
    if (!company?.exists || !member?.exists) throw new AppError('UNAUTHENTICATED');
    const { role, state } = readMember(member);
    if (state !== 'active') throw new AppError('UNAUTHENTICATED');
    const mayGive = API_KEY_SCOPES.filter((scope) => ROLE_SCOPES[role].includes(scope));
    if (!input.scopes.every((scope) => (mayGive as readonly Scope[]).includes(scope))) {
      throw badFields({ path: 'scopes', message: 'has a scope that you can not give to a key' });
    }
    const { mode } = StoredCompany.parse(company.data());
    const { apiKey, keyId, view } = addApiKey(tx, { ...input, companyId, mode, createdBy: memberId }, deps);
    return { apiKey, view, entry: addKeyEntry(tx, acting, 'api_key.created', keyId, deps) };
  });
}

/** Up to `limit` keys of a company, the newest first, after a place in the list; revoked and expired ones too. */
export async function listApiKeys(
  companyId: string,
  page: { limit: number; after: [createdAt: string, id: string] | undefined },
  { db }: Pick<AccountsDeps, 'db'>,
): Promise<ApiKeyView[]> {
  let query = db
    .collection(paths.apiKeys(companyId))
    .orderBy('createdAt', 'desc')
    .orderBy(FieldPath.documentId(), 'desc');
  if (page.after !== undefined) query = query.startAfter(...page.after);
  const found = await query.limit(page.limit).get();
  return apiKeyViews(
    found.docs.map((doc) => ({ id: doc.id, stored: StoredApiKey.parse(doc.data()) })),
    db,
  );
}

/** Keys as they are listed: when each was last used stands with what it is found by. */
export async function apiKeyViews(
  keys: { id: string; stored: StoredApiKey }[],
  db: Firestore,
): Promise<ApiKeyView[]> {
  if (keys.length === 0) return [];
  const refs = await db.getAll(...keys.map(({ stored }) => db.doc(paths.apiKeyRef(stored.hash))));
  return keys.map(({ id, stored }, place) => {
    const ref = ApiKeyRef.safeParse(refs[place]?.data());
    return viewOf(id, stored, ref.data?.lastUsedAt ?? null);
  });
}

/** Ends a key for good, in both of its documents at once. `NOT_FOUND` when the company has none of this id. */
export async function revokeApiKey(
  acting: ActingMember,
  keyId: string,
  deps: Pick<AccountsDeps, 'db' | 'now'>,
): Promise<AuditEntry | undefined> {
  const { db, now } = deps;
  const ref = db.doc(paths.apiKey(acting.companyId, keyId));
  return db.runTransaction(async (tx) => {
    const found = await tx.get(ref);
    if (!found.exists) throw new AppError('NOT_FOUND');
    const { hash, revokedAt } = StoredApiKey.parse(found.data());
    if (revokedAt !== null) return undefined;
    const revoked = { revokedAt: timestamp(now) };
    tx.update(ref, revoked);
    tx.update(db.doc(paths.apiKeyRef(hash)), revoked);
    return addKeyEntry(tx, acting, 'api_key.revoked', keyId, deps);
  });
}

function viewOf(id: string, { hash: _hash, ...shown }: StoredApiKey, lastUsedAt: string | null): ApiKeyView {
  return { id, ...shown, lastUsedAt };
}

function addKeyEntry(
  tx: Parameters<typeof addEntry>[0],
  { companyId, memberId, requestId }: ActingMember,
  action: 'api_key.created' | 'api_key.revoked',
  keyId: string,
  deps: Pick<AccountsDeps, 'db' | 'now'>,
): AuditEntry {
  const actor = { type: 'member', id: memberId } as const;
  const record = { type: 'api_key', id: keyId } as const;
  return addEntry(tx, { companyId, actor, action, record, result: 'done', requestId, facts: {} }, deps);
}
