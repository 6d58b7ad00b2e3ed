import { FieldPath, type Firestore, type QueryDocumentSnapshot } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { SLOTS } from '../domain/due.ts';
import type { BillingDeps, StoredAccount, StoredCard } from './documents.ts';
import type { Billable } from './open-charges.ts';
import { pagesOf } from './pages.ts';

/** Every connection that is billed, as its wholesaler has it, page by page. `after`: the path of one. */
export async function* connections(
  { db }: Pick<BillingDeps, 'db'>,
  after: string,
): AsyncGenerator<QueryDocumentSnapshot> {
  const all = db.collectionGroup('partners').where('terms.bill', '==', true).orderBy(FieldPath.documentId());
  for await (const docs of pagesOf(after === '' ? all : all.startAfter(db.doc(after)))) {
    yield* docs.filter((doc) => doc.get('role') === 'retailer');
  }
}

export type Sides = Pick<Billable, 'partnerId' | 'supplierId' | 'retailerId'>;

export function sidesOfConnection(connection: QueryDocumentSnapshot): Sides {
  return {
    partnerId: connection.id,
    supplierId: connection.ref.parent.parent?.id ?? '',
    retailerId: String(connection.get('companyId')),
  };
}

/** Undefined while there is nothing to charge by: what shipped waits, and is on one charge later. */
export async function billableOf(
  { partnerId, supplierId, retailerId }: Sides,
  { db }: Pick<BillingDeps, 'db'>,
): Promise<Billable | undefined> {
  const [first, second] = await db.getAll(
    db.doc(paths.billingAccount(supplierId)),
    db.doc(paths.card(supplierId, partnerId)),
  );
  const account = first?.data() as StoredAccount | undefined;
  const card = second?.data() as StoredCard | undefined;
  if (account?.state !== 'ready' || card?.accountId !== account.accountId || card.paymentMethodId === null) {
    return undefined;
  }
  return { partnerId, supplierId, retailerId, account, card };
}

/** All charges that something is to be done for, page by page. */
export function dueCharges(db: Firestore): AsyncGenerator<QueryDocumentSnapshot[]> {
  return pagesOf(db.collectionGroup('charges').where('due', 'in', SLOTS).orderBy(FieldPath.documentId()));
}
