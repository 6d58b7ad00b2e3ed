import { FieldPath, type Firestore } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import { paths } from '../cloud/firestore.ts';
import { pagesOf } from '../cloud/pages.ts';
import type { Clock } from '../domain/time.ts';
import { markDisconnected } from './account.ts';
import { changeCharge } from './charge-store.ts';
import type { Acting, StoredAccount, StoredCharge } from './documents.ts';

const HOUR = 60 * 60 * 1000;
/** A payment whose event has not come is asked for by `bill` within this; what is not known then never will be. */
const PATIENCE = 2 * HOUR;

/**
 * A wholesaler that is deleted charges nothing any more, and its retailers read so: what was not paid is `failed`, for
 * `WHOLESALER_GONE`. False while a payment is under way, or when the time is over first.
 */
export async function endCharges(
  supplierId: string,
  acting: Acting,
  deps: { db: Firestore; now: Clock; inTime: () => boolean },
): Promise<boolean> {
  const { db, now, inTime } = deps;
  const account = (await db.doc(paths.billingAccount(supplierId)).get()).data() as StoredAccount | undefined;
  // From here on `bill` opens nothing and brings nothing to Stripe.
  if (account !== undefined) await markDisconnected(deps, supplierId, account.accountId);
  const unpaid = db
    .collection(paths.charges(supplierId))
    .where('state', 'in', ['pending', 'declined', 'failed', 'processing'])
    .orderBy(FieldPath.documentId());
  let underWay = false;
  for await (const docs of pagesOf(unpaid)) {
    for (const doc of docs) {
      if (!inTime()) return false;
      const charge = doc.data() as StoredCharge;
      if (charge.supplierId !== supplierId) continue;
      if (charge.state !== 'processing') await endCharge(doc.id, supplierId, acting, deps);
      else underWay ||= now() - Date.parse(charge.updatedAt) < PATIENCE;
    }
  }
  return !underWay;
}

async function endCharge(
  id: string,
  supplierId: string,
  acting: Acting,
  deps: { db: Firestore; now: Clock },
): Promise<void> {
  await changeCharge(
    supplierId,
    id,
    (charge) => {
      const over = charge.state === 'succeeded' || charge.state === 'processing';
      if (over || charge.code === 'WHOLESALER_GONE') return undefined;
      const { due: _due, ...rest } = charge;
      return { ...rest, state: 'failed', code: 'WHOLESALER_GONE', nextAttemptAt: null };
    },
    deps,
    (tx, _before, { partnerId, state, code }, sides) => {
      const record = { type: 'charge', id } as const;
      const facts = { partnerId, charge: state, reason: code ?? undefined };
      for (const companyId of sides) {
        const about = { companyId, ...acting, action: 'charge.settled', record, result: 'done' } as const;
        addEntry(tx, { ...about, facts }, deps);
      }
    },
  );
}
