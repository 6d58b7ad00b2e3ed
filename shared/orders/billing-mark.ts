import type { Firestore, Transaction } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { StoredOrder } from '../domain/order.ts';

/**
 * What a shipment adds to a supply order under a connection whose terms say that we bill it, within the caller's
 * transaction. Under others nothing: what shipped before terms were agreed on is never charged.
 */
export async function billingMark(
  db: Firestore,
  tx: Transaction,
  companyId: string,
  order: Pick<StoredOrder, 'partner' | 'origin' | 'currency'>,
): Promise<Pick<StoredOrder, 'unbilled'>> {
  const { partner, origin, currency } = order;
  if (partner === null || origin === null) return {};
  const terms = (await tx.get(db.doc(paths.partner(companyId, partner)))).get('terms') as
    { bill?: unknown } | null | undefined;
  return terms?.bill === true ? { unbilled: `${partner}/${currency}` } : {};
}
