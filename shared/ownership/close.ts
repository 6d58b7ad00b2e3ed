import { FieldPath, FieldValue, Timestamp } from '@google-cloud/firestore';
import { StoredClosing } from '../accounts/closing.ts';
import { addEntry } from '../audit/append.ts';
import { endCharges } from '../billing/end-charges.ts';
import type { Attest } from '../cloud/attest.ts';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import { withLease } from '../cloud/lease.ts';
import type { Log } from '../cloud/log.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import type { Ledger } from '../cloud/storage.ts';
import { AppError } from '../domain/errors.ts';
import { randomId } from '../domain/ids.ts';
import type { KeyringCopies } from '../domain/keyring-copies.ts';
import type { StoredOrder } from '../domain/order.ts';
import { StoredPartner } from '../domain/partner.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { cancel } from '../orders/cancel.ts';
import { horizonAfter } from '../orders/certificate.ts';
import { decline } from '../orders/decline.ts';
import { orderHash, requestWholeErasure, type StoredErasure } from '../orders/erasure.ts';
import type { Acting } from '../orders/order-store.ts';
import { removeAccess, removeAll, type RemoveDeps, removeRest } from './remove-documents.ts';

export interface CloseDeps extends Omit<RemoveDeps, 'inTime'> {
  keyring: Pick<Keyring, 'destroyCompanyKey' | 'companyKeyExists'>;
  ledger: Pick<Ledger, 'record'>;
  attest: Pick<Attest, 'sign'>;
  copies: KeyringCopies;
  publisher: Publisher;
  /** The issuer that certificates name. */
  issuer: string;
  log: Log;
  now: Clock;
}

type StepDeps = CloseDeps & { inTime: () => boolean };

const LEASE = 5 * 60_000;
/** A step begins no page after this, so that it is over before the lease is. */
const WORKING_TIME = 4 * 60_000;
const MOST_AT_ONCE = 50;
const PAGE = 100;
/** How long a certificate can be fetched after the end. */
const KEPT_MS = 90 * 24 * 60 * 60_000;
/**
 * What is there until the end: the erasures, since they are confirmed later, and the log that they write with its tree. With
 * `auditArchive` go the keys of what was moved; nothing is moved any more once `audit` is gone.
 */
const LAST = ['erasures', 'audit', 'auditArchive', 'auditTree', 'auditHeads'];
const NOT_ENDED: StoredOrder['state'][] = ['received', 'routed', 'part_fulfilled'];

/**
 * One tick: carries every deletion whose grace is over as far as it goes. Each step can be killed and run again; the
 * next begins when it is whole.
 */
export async function closeCompanies(deps: CloseDeps): Promise<void> {
  const { db, now, log } = deps;
  await withLease(deps, 'close', LEASE, async () => {
    const end = now() + WORKING_TIME;
    const inTime = (): boolean => now() < end;
    const due = await db.collection('closings').where('due', '<=', timestamp(now)).limit(MOST_AT_ONCE).get();
    for (const { id } of due.docs) {
      try {
        while (inTime() && (await goOn(id, { ...deps, inTime })));
      } catch (error) {
        // One that is stuck does not keep the others.
        log.closingStuck(id, error);
      }
    }
  });
}

/** Does what is next for one company. True when it came a step further. */
async function goOn(companyId: string, deps: StepDeps): Promise<boolean> {
  const ref = deps.db.doc(paths.closing(companyId));
  const closing = StoredClosing.safeParse((await ref.get()).data()).data;
  if (closing === undefined) return false;
  const become = async (state: StoredClosing['state']): Promise<true> => {
    await ref.update({ state });
    return true;
  };
  switch (closing.state) {
    case 'grace':
      return endGrace(companyId, deps);
    case 'ending':
      return (
        (await removeAccess(companyId, deps)) &&
        (await endCharges(companyId, bySystem(), deps)) &&
        (await endOrders(companyId, deps)) &&
        become('erasing')
      );
    case 'erasing':
      return (await eraseOrders(companyId, deps)) && become('destroying');
    case 'destroying':
      return destroyKey(companyId, deps);
    case 'removing':
      return (
        (await endPartners(companyId, deps)) &&
        (await removeRest(companyId, LAST, deps)) &&
        become('destroyed')
      );
    case 'destroyed':
      return confirm(closing, deps);
    case 'confirmed':
      return false;
  }
}

/** From here on it can not be taken back: `keep` reads the state in its own transaction. */
async function endGrace(companyId: string, { db, now }: StepDeps): Promise<boolean> {
  const ref = db.doc(paths.closing(companyId));
  return db.runTransaction(async (tx) => {
    const closing = StoredClosing.safeParse((await tx.get(ref)).data()).data;
    if (closing?.state !== 'grace' || Date.parse(closing.until) > now()) return false;
    tx.update(ref, { state: 'ending' });
    return true;
  });
}

/** What has not ended is cancelled, or goes back to the retailer who ordered it, as if a person had done so. */
async function endOrders(companyId: string, deps: StepDeps): Promise<boolean> {
  const open = deps.db
    .collection(paths.orders(companyId))
    .where('state', 'in', NOT_ENDED)
    .orderBy(FieldPath.documentId())
    .limit(PAGE);
  let query = open;
  while (deps.inTime()) {
    const page = await query.get();
    for (const doc of page.docs) {
      const own = (doc.data() as StoredOrder).partner === null;
      const end = own ? cancel : decline;
      await end({ companyId, orderId: doc.id }, undefined, bySystem(), deps).catch(refusedIsFine);
    }
    const last = page.docs.at(-1);
    if (last === undefined || page.size < PAGE) return true;
    query = open.startAfter(last.id);
  }
  return false;
}

/** An order that is erased already, or whose other side is gone, has nothing to end. */
function refusedIsFine(error: unknown): void {
  const fine = ['ORDER_ERASED', 'NOT_FOUND', 'QUANTITY_EXCEEDED'];
  if (!(error instanceof AppError) || !fine.includes(error.code)) throw error;
}

/** Has everything erased, by the same path as a merchant would. True when nothing is left to open. */
async function eraseOrders(companyId: string, deps: StepDeps): Promise<boolean> {
  const { db, inTime } = deps;
  for (;;) {
    if (!inTime()) return false;
    const requested = await requestWholeErasure(companyId, bySystem(), deps);
    if (requested?.more !== true) break;
  }
  const [pending, own] = await Promise.all([
    db.collection(paths.erasures(companyId)).where('state', '==', 'pending').limit(1).get(),
    db.collection(paths.orders(companyId)).where('partner', '==', null).limit(1).get(),
  ]);
  return pending.empty && own.empty;
}

/** The ledger first, so that a restore of any backup does not bring the company back. */
async function destroyKey(companyId: string, deps: StepDeps): Promise<boolean> {
  const { db, keyring, ledger, now } = deps;
  const hash = companyHash(companyId);
  // Twice the same, which no order's two are: it names no order whose reference could come back.
  await ledger.record({ recordKeyHash: hash, orderRefHash: hash, at: timestamp(now) });
  await keyring.destroyCompanyKey(companyId);
  const destroyedAt = timestamp(now);
  const horizon = await horizonOf(companyId, destroyedAt, deps);
  const certificate = await certify(companyId, { destroyedAt, horizon, state: 'destroyed' }, deps);
  const state = 'removing';
  await db.doc(paths.closing(companyId)).update({ state, destroyedAt, horizon, certificate });
  return true;
}

/** What the ledger calls a company. */
export function companyHash(companyId: string): string {
  return orderHash(companyId);
}

/** The latest of the company's own key and of all its orders' keys. */
async function horizonOf(companyId: string, destroyedAt: string, { db, copies }: StepDeps): Promise<string> {
  const last = await db
    .collection(paths.erasures(companyId))
    .orderBy('horizon', 'desc')
    .limit(1)
    .select('horizon')
    .get();
  const ofOrders = (last.docs[0]?.data() as Pick<StoredErasure, 'horizon'> | undefined)?.horizon ?? '';
  const ofCompany = await horizonAfter(destroyedAt, copies);
  return ofOrders > ofCompany ? ofOrders : ofCompany;
}

async function certify(
  companyId: string,
  what: { destroyedAt: string; horizon: string; state: 'destroyed' | 'confirmed' },
  { attest, issuer, now }: StepDeps,
): Promise<string> {
  return attest.sign('strongroom-closing+jwt', {
    ...{ iss: issuer, sub: companyId, iat: Math.floor(now() / 1000), ...what },
    destroyed: ['the key of every order', 'the key of the company'],
    notCovered: [
      'the copy in the shop',
      'exports that a merchant took',
      'the trade that partners keep',
      "the cloud provider's media",
    ],
  });
}

/** Both sides of a connection end, and the other one reads so in its log. */
async function endPartners(companyId: string, deps: StepDeps): Promise<boolean> {
  const { db, inTime, now } = deps;
  const own = db.collection(paths.partners(companyId)).limit(PAGE);
  for (;;) {
    if (!inTime()) return false;
    const page = await own.get();
    if (page.empty) return true;
    for (const doc of page.docs) {
      const { companyId: partner, role } = StoredPartner.parse(doc.data());
      if (partner === null) {
        // Nobody has accepted.
        await doc.ref.delete();
        continue;
      }
      const other = db.doc(paths.partner(partner, doc.id));
      const pair = role === 'supplier' ? ([companyId, partner] as const) : ([partner, companyId] as const);
      await db.runTransaction(async (tx) => {
        const side = await tx.get(other);
        tx.delete(doc.ref);
        tx.delete(db.doc(paths.partnerPair(...pair)));
        if (!side.exists || side.get('state') === 'ended') return;
        tx.update(other, { state: 'ended', proposal: null, endedAt: timestamp(now) });
        const at = other.parent.parent?.id ?? '';
        const record = { type: 'partner', id: doc.id } as const;
        const about = { ...bySystem(), action: 'partner.ended', record, result: 'done', facts: {} } as const;
        addEntry(tx, { companyId: at, ...about }, deps);
      });
    }
  }
}

/** Past the horizon, and when every erasure is confirmed: a second certificate, and the last documents go. */
async function confirm(closing: StoredClosing, deps: StepDeps): Promise<boolean> {
  const { db, keyring, copies, log, now } = deps;
  const { companyId, destroyedAt, horizon } = closing;
  if (destroyedAt === null || horizon === null) throw new AppError('INTERNAL');
  const ref = db.doc(paths.closing(companyId));
  if (Date.parse(horizon) > now()) {
    await ref.update({ due: horizon });
    return false;
  }
  const erasures = db.collection(paths.erasures(companyId));
  if (!(await erasures.where('state', '==', 'destroyed').limit(1).get()).empty) return false;
  if (await keyring.companyKeyExists(companyId)) throw new AppError('INTERNAL', 'a destroyed key is back');
  if ((await copies.lastOf(destroyedAt)) !== undefined) {
    throw new AppError('UNAVAILABLE', 'a backup with a destroyed key is left');
  }
  for (const name of LAST) {
    if (!(await removeAll(db.collection(`${paths.company(companyId)}/${name}`), deps))) return false;
  }
  const certificate = await certify(companyId, { destroyedAt, horizon, state: 'confirmed' }, deps);
  const expireAt = Timestamp.fromMillis(now() + KEPT_MS);
  await ref.update({ state: 'confirmed', certificate, expireAt, due: FieldValue.delete() });
  log.companyClosed(companyId);
  return true;
}

function bySystem(): Acting {
  return { actor: { type: 'system', id: null }, requestId: randomId('request') };
}
