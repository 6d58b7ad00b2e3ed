import { FieldPath } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { pagesOf } from '../cloud/pages.ts';
import type { StoredOrder } from '../domain/order.ts';
import { isTooLittle } from './amounts.ts';
import { billableOf, connections, dueCharges, type Sides, sidesOfConnection } from './billed.ts';
import type { BillingDeps, StoredCharge } from './documents.ts';
import { isToBeMade } from './make-charge.ts';
import { currencyOf, marksOf, sumOf, unbilledOf } from './unbilled.ts';

/** What the next run would charge, in minor units. `chargeId`: a charge that is there already, and is tried again. */
export interface Preview {
  partnerId: string;
  supplierId: string;
  chargeId: string | null;
  currency: string;
  orders: number;
  amount: number;
  outcome: 'would be charged' | 'waits for an account and a card' | 'waits for more, too little by itself';
}

type Deps = Pick<BillingDeps, 'db' | 'now'>;

/** Writes nothing, and does not ask Stripe. Charges that are due first, then a line for each connection and currency. */
export async function* previewBill(deps: Deps): AsyncGenerator<Preview> {
  for await (const docs of dueCharges(deps.db)) {
    for (const doc of docs) {
      const charge = doc.data() as StoredCharge;
      if (isToBeMade(charge, deps.now)) yield await againOf(doc.id, charge, deps);
    }
  }
  for await (const { connection } of connections(deps, '')) {
    yield* newOf(sidesOfConnection(connection), deps);
  }
}

async function againOf(chargeId: string, charge: StoredCharge, deps: Deps): Promise<Preview> {
  const { partnerId, supplierId, currency, amount, orders } = charge;
  const ready = (await billableOf(charge, deps)) !== undefined;
  const outcome = ready ? 'would be charged' : 'waits for an account and a card';
  return { partnerId, supplierId, chargeId, currency, orders: orders.length, amount, outcome };
}

async function* newOf(sides: Sides, deps: Deps): AsyncGenerator<Preview> {
  const { partnerId, supplierId } = sides;
  const ready = (await billableOf(sides, deps)) !== undefined;
  for (const mark of await marksOf(sides, deps.db)) {
    const currency = currencyOf(mark);
    const sum = await sumOfUnbilled(supplierId, mark, deps);
    const little = sum.amount > 0 && isTooLittle(sum.amount, currency);
    const chargeable = little ? 'waits for more, too little by itself' : 'would be charged';
    const outcome = ready ? chargeable : 'waits for an account and a card';
    yield { partnerId, supplierId, chargeId: null, currency, ...sum, outcome };
  }
}

async function sumOfUnbilled(
  supplierId: string,
  mark: string,
  { db }: Deps,
): Promise<{ orders: number; amount: number }> {
  const orders = db.collection(paths.orders(supplierId)).where('unbilled', '==', mark);
  const sum = { orders: 0, amount: 0 };
  for await (const docs of pagesOf(orders.orderBy(FieldPath.documentId()))) {
    sum.orders += docs.length;
    sum.amount += docs.reduce((total, doc) => total + sumOf(unbilledOf(doc.data() as StoredOrder).lines), 0);
  }
  return sum;
}
