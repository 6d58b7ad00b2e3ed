import { FieldPath, type Firestore, type QueryDocumentSnapshot } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { pagesOf } from '../cloud/pages.ts';
import { SLOTS } from '../domain/due.ts';
import type { BillingDeps, StoredAccount, StoredCard } from './documents.ts';
import type { Billable } from './open-charges.ts';

/**
 * What shows that a connection is billed: its terms, or that they said so before. What was ordered then is charged once
 * it is shipped, whatever was agreed on since.
 */
const FOUND_BY = ['terms.bill', 'billedBefore'] as const;

/** A connection as its wholesaler has it, and where a run goes on that stopped behind it. */
export interface Billed {
  connection: QueryDocumentSnapshot;
  place: string;
}

/** Every connection that is or was billed, each once, page by page. `after`: the place of one, or none. */
export async function* connections(
  { db }: Pick<BillingDeps, 'db'>,
  after: string,
): AsyncGenerator<Billed, void, undefined> {
  const [field = '', path = ''] = after.split(' ');
  const begun = Math.max(0, FOUND_BY.indexOf(field as (typeof FOUND_BY)[number]));
  for (const [at, by] of FOUND_BY.slice(begun).entries()) {
    const all = db.collectionGroup('partners').where(by, '==', true).orderBy(FieldPath.documentId());
    for await (const docs of pagesOf(at === 0 && path !== '' ? all.startAfter(db.doc(path)) : all)) {
      for (const connection of docs) {
        const seen = by !== 'terms.bill' && connection.get('terms.bill') === true;
        if (connection.get('role') !== 'retailer' || seen) continue;
        yield { connection, place: `${by} ${connection.ref.path}` };
      }
    }
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
