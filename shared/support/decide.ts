import { FieldPath, FieldValue, type Firestore, type Transaction } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError, badFields } from '../domain/errors.ts';
import { Reach, reachesNoFurther } from '../domain/support.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import type { Grants } from './grants.ts';
import {
  digestOf,
  factsOf,
  hourOf,
  type ReadRequest,
  refDoc,
  requestDoc,
  stateOf,
  type StoredRequest,
  toRequest,
} from './request-store.ts';

export interface DecideDeps {
  db: Firestore;
  grants: Grants;
  now: Clock;
}

/** A merchant's member who decides about a request to the merchant's own company. */
export interface Deciding {
  companyId: string;
  memberId: string;
  requestId: string;
}

export type Decided = ReadRequest & { entry: AuditEntry };

/** Parts of the reach that was asked for, each within it; what is left out stays as asked. */
export type Narrowed = Partial<Reach>;

const MINUTE = 60_000;

/**
 * Lets a request reach what it asked for, or less; the clock starts now. The log has it as intended before the grant
 * is in the keyring, and as done after. Approving again finishes an approval that was cut off in between.
 */
export async function approve(
  id: string,
  seen: { digest: string; narrowed: Narrowed },
  deciding: Deciding,
  deps: DecideDeps,
): Promise<Decided> {
  const { db, grants, now } = deps;
  const { companyId } = deciding;
  const read = await db.runTransaction(async (tx) => {
    const found = toRequest(await tx.get(requestDoc(db, companyId, id)));
    const state = stateOf(found.request, now);
    if (state === 'approved') return found;
    if (state !== 'asked') throw new AppError('CONFLICT', 'the request is decided or has ended');
    if (seen.digest !== digestOf(found)) {
      throw badFields({ path: 'digest', message: 'not the digest of this request' });
    }
    const reach = narrow(found.request.asked, seen.narrowed);
    const at = now();
    const endsAt = at + reach.minutes * MINUTE;
    const change = {
      state: 'approved',
      approved: { reach, by: deciding.memberId, at: new Date(at).toISOString() },
      endsAt: new Date(endsAt).toISOString(),
    } as const;
    tx.update(requestDoc(db, companyId, id), change);
    tx.update(refDoc(db, id), { endDue: hourOf(endsAt) });
    addEntry(tx, aboutApproval(id, reach, 'intended', deciding), deps);
    return { id, request: { ...found.request, ...change } };
  });

  const { staffId, publicKey, approved, endsAt } = read.request;
  if (approved === null) throw new AppError('CONFLICT', 'the request has ended');
  const { reach, by, at } = approved;
  const grant = { companyId, staffId, reach, publicKey, approvedBy: by, approvedAt: at, expiresAt: endsAt };
  if (!(await grants.give(id, grant))) throw new AppError('CONFLICT', 'the request is approved already');
  const batch = db.batch();
  const entry = addEntry(batch, aboutApproval(id, reach, 'done', deciding), deps);
  await batch.commit();
  return { ...read, entry };
}

/** The answer is no. CONFLICT when there is another one already. */
export async function deny(id: string, deciding: Deciding, deps: DecideDeps): Promise<Decided> {
  return deps.db.runTransaction(async (tx) => {
    const read = toRequest(await tx.get(requestDoc(deps.db, deciding.companyId, id)));
    if (stateOf(read.request, deps.now) !== 'asked') {
      throw new AppError('CONFLICT', 'the request is decided or has ended');
    }
    return writeEnd(tx, read, 'denied', deciding, deps);
  });
}

/** Takes an approval back. When this answers, the grant opens nothing; taking it back again is fine. */
export async function revoke(id: string, deciding: Deciding, deps: DecideDeps): Promise<Decided> {
  const { db, grants, now } = deps;
  const ref = requestDoc(db, deciding.companyId, id);
  const { request } = toRequest(await ref.get());
  if (request.approved === null) throw new AppError('CONFLICT', 'the request is not approved');
  const batch = db.batch();
  addEntry(batch, about('support.revoked', id, 'intended', deciding), deps);
  await batch.commit();
  await grants.revoke(id, timestamp(now));
  return db.runTransaction(async (tx) =>
    writeEnd(tx, toRequest(await tx.get(ref)), 'revoked', deciding, deps),
  );
}

/** Up to `limit` requests to one company, the newest first. */
export async function listRequests(
  companyId: string,
  page: { limit: number; after: [time: string, id: string] | undefined },
  { db }: { db: Firestore },
): Promise<ReadRequest[]> {
  let query = db
    .collection(paths.supportRequests(companyId))
    .orderBy('createdAt', 'desc')
    .orderBy(FieldPath.documentId(), 'desc');
  if (page.after !== undefined) query = query.startAfter(...page.after);
  return (await query.limit(page.limit).get()).docs.map(toRequest);
}

function narrow(asked: Reach, narrowed: Narrowed): Reach {
  const reach = Reach.safeParse({ ...asked, ...narrowed });
  if (!reach.success || !reachesNoFurther(reach.data, asked)) {
    throw badFields({ path: 'reach', message: 'not within what was asked for' });
  }
  return reach.data;
}

function writeEnd(
  tx: Transaction,
  { id, request }: ReadRequest,
  state: 'denied' | 'revoked',
  deciding: Deciding,
  deps: DecideDeps,
): Decided {
  const change: Pick<StoredRequest, 'state' | 'endedAt'> = { state, endedAt: timestamp(deps.now) };
  tx.update(requestDoc(deps.db, request.companyId, id), { ...change });
  tx.update(refDoc(deps.db, id), { endDue: FieldValue.delete() });
  const entry = addEntry(tx, about(`support.${state}`, id, 'done', deciding), deps);
  return { id, request: { ...request, ...change }, entry };
}

type NewEntry = Parameters<typeof addEntry>[1];

function about(
  action: 'support.approved' | 'support.denied' | 'support.revoked',
  id: string,
  result: 'intended' | 'done',
  { companyId, memberId, requestId }: Deciding,
): NewEntry {
  const actor = { type: 'member', id: memberId } as const;
  return { companyId, actor, action, record: { type: 'support_request', id }, result, requestId, facts: {} };
}

function aboutApproval(id: string, reach: Reach, result: 'intended' | 'done', deciding: Deciding): NewEntry {
  return { ...about('support.approved', id, result, deciding), facts: factsOf(reach) };
}
