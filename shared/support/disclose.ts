import type { Firestore } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry, Facts } from '../audit/entry.ts';
import { encryptFor } from '../crypto/jwe.ts';
import { AppError } from '../domain/errors.ts';
import { type ManageAction, type RecordKind, reachesOrder } from '../domain/support.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import type { Grant, Grants } from './grants.ts';
import type { Acting } from './request-store.ts';

/** Where a list goes on: what the page before it named. */
export interface PlaceInList {
  limit: number;
  after: string | undefined;
}

/** What can be disclosed and managed at all. The function that has the keys joins it together. */
export interface Desk {
  /** Finds an order without opening it, or NOT_FOUND; what it answers opens the order. */
  findOrder(companyId: string, orderId: string): Promise<() => Promise<object>>;
  lists: Record<RecordKind, (companyId: string, page: PlaceInList) => Promise<object>>;
  actions: Record<ManageAction, (companyId: string, orderId: string, acting: Acting) => Promise<void>>;
}

export interface DiscloseDeps {
  db: Firestore;
  grants: Grants;
  desk: Desk;
  now: Clock;
}

/** Who asks, and under which support request and which request of this moment. */
export interface Disclosing {
  supportRequestId: string;
  staffId: string;
  requestId: string;
}

/** What was disclosed, for one private key alone, and the entry in the merchant's log. */
export interface Disclosed {
  jwe: string;
  entry: AuditEntry;
}

/** One order. NOT_APPROVED for one that no grant covers now; the merchant's log has it before anything is opened. */
export async function discloseOrder(
  orderId: string,
  disclosing: Disclosing,
  deps: DiscloseDeps,
): Promise<Disclosed> {
  const grant = await currentGrant(disclosing, deps);
  if (!reachesOrder(grant.reach, orderId)) throw notApproved();
  const open = await deps.desk.findOrder(grant.companyId, orderId);
  const record = { type: 'order', id: orderId } as const;
  const entry = await logged('order.disclosed', record, 'done', {}, grant, disclosing, deps);
  return { jwe: await encrypted(grant, disclosing, await open()), entry };
}

/** A page of a kind that is approved as a whole. */
export async function discloseList(
  kind: RecordKind,
  page: PlaceInList,
  disclosing: Disclosing,
  deps: DiscloseDeps,
): Promise<Disclosed> {
  const grant = await currentGrant(disclosing, deps);
  if (!grant.reach.kinds.includes(kind)) throw notApproved();
  const record = { type: 'support_request', id: disclosing.supportRequestId } as const;
  const entry = await logged('support.listed', record, 'done', { kind }, grant, disclosing, deps);
  return {
    jwe: await encrypted(grant, disclosing, await deps.desk.lists[kind](grant.companyId, page)),
    entry,
  };
}

/**
 * One named action on one order. It answers nothing but that it was done; what is wrong is told by its code, in the log
 * too. Where nobody can tell what became of it the log has it as intended alone, beside the entry of what was done.
 */
export async function manage(
  action: ManageAction,
  orderId: string,
  disclosing: Disclosing,
  deps: DiscloseDeps,
): Promise<{ entry: AuditEntry }> {
  const grant = await currentGrant(disclosing, deps);
  if (!grant.reach.actions.includes(action) || !reachesOrder(grant.reach, orderId)) throw notApproved();
  const record = { type: 'order', id: orderId } as const;
  const noted = (result: AuditEntry['result'], facts: Facts = {}) =>
    logged('order.managed', record, result, { managing: action, ...facts }, grant, disclosing, deps);
  const { staffId, requestId } = disclosing;
  await noted('intended');
  try {
    await deps.desk.actions[action](grant.companyId, orderId, {
      actor: { type: 'staff', id: staffId },
      requestId,
    });
  } catch (error) {
    if (error instanceof AppError && error.status < 500) await noted('refused', { code: error.code });
    throw error;
  }
  return { entry: await noted('done') };
}

/** The staff member is done: the grant opens nothing from now on, whatever time was left. */
export async function giveBack(disclosing: Disclosing, { grants, now }: DiscloseDeps): Promise<void> {
  const grant = await grants.read(disclosing.supportRequestId);
  if (grant?.staffId === disclosing.staffId) {
    await grants.revoke(disclosing.supportRequestId, timestamp(now));
  }
}

/** Read from the keyring each time, so that what a merchant takes back is gone at once. */
async function currentGrant(
  { supportRequestId, staffId }: Disclosing,
  { grants, now }: DiscloseDeps,
): Promise<Grant> {
  const grant = await grants.read(supportRequestId);
  if (grant?.staffId !== staffId) throw notApproved();
  if (grant.revokedAt !== null || Date.parse(grant.expiresAt) <= now()) throw notApproved();
  return grant;
}

/** One code and no reason: without an approval there is nothing to learn about a record. */
function notApproved(): AppError {
  return new AppError('NOT_APPROVED');
}

function encrypted(grant: Grant, { supportRequestId }: Disclosing, content: object): Promise<string> {
  return encryptFor(grant.publicKey, { typ: 'strongroom-disclosure+json', kid: supportRequestId }, content);
}

async function logged(
  action: 'order.disclosed' | 'support.listed' | 'order.managed',
  record: AuditEntry['record'],
  result: AuditEntry['result'],
  facts: Facts,
  { companyId }: Grant,
  { staffId, supportRequestId, requestId }: Disclosing,
  deps: DiscloseDeps,
): Promise<AuditEntry> {
  const batch = deps.db.batch();
  const actor = { type: 'staff', id: staffId } as const;
  const about = { companyId, actor, action, record, result, requestId };
  const entry = addEntry(batch, { ...about, facts: { ...facts, supportRequestId } }, deps);
  await batch.commit();
  return entry;
}
