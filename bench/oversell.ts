import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cloud } from '../local/cloud.ts';
import { connectCompanies, seedCompany, seedDeps, seedProducts, seedStock } from '../local/seed.ts';
import { paths } from '../shared/cloud/firestore.ts';
import type { StoredOrder } from '../shared/domain/order.ts';
import type { Figure } from './table.ts';

const ORDERS = 200;
const PIECES = 150;
const PATIENCE_MS = 180_000;

/**
 * Orders of one piece of one SKU, all sent at once, and fewer pieces than orders: how many are granted, and how long
 * after the last order was routed both sides of every order know what they got. The orders themselves say when.
 */
export async function oversell(cloud: Cloud): Promise<Figure[]> {
  const deps = seedDeps(cloud);
  const company = (name: string) => seedCompany(name, `${randomUUID()}@bench.example`, deps);
  const [retailer, supplier] = [await company('Bench retailer'), await company('Bench supplier')];
  await connectCompanies(retailer.companyId, supplier.companyId, deps);
  const product = { sku: 'S', title: 'Thing', price: 500, currency: 'USD', active: true };
  await seedProducts(supplier.companyId, [product], deps);
  await seedStock(supplier.companyId, { S: PIECES }, deps);

  const send = async (): Promise<void> => {
    const answer = await fetch(`${cloud.baseUrl}/v1/orders`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${retailer.apiKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(orderOfOne()),
    });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`an order was answered ${answer.status}`);
  };
  await Promise.all(Array.from({ length: ORDERS }, send));
  const orders = deps.db.collection(paths.orders(retailer.companyId));
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const told = (await orders.get()).docs.map((doc) => doc.data() as StoredOrder);
    const stocks = told.map((order) => order.lines[0]?.stock);
    if (stocks.every((stock) => stock === 'granted' || stock === 'backordered')) {
      return [
        figure('granted', 'orders', stocks.filter((stock) => stock === 'granted').length, PIECES),
        figure('from routed to told', 'ms', await sinceRouted(retailer.companyId, told), 2_000),
      ];
    }
    if (Date.now() > deadline) throw new Error('not every order was told what it got');
    await delay(500);
  }

  /** From the log: between the last entry of routing and the last of stock. */
  async function sinceRouted(companyId: string, told: StoredOrder[]): Promise<number> {
    const routed = await deps.db
      .collection(paths.audit(companyId))
      .where('action', '==', 'order.routed')
      .get();
    const at = (times: unknown[]): number => Math.max(...times.map((time) => Date.parse(String(time))));
    return at(told.map((order) => order.updatedAt)) - at(routed.docs.map((doc): unknown => doc.get('at')));
  }
}

function figure(what: string, unit: string, ours: number, aim: number): Figure {
  return { what: `${ORDERS} orders at once, ${PIECES} pieces: ${what}`, unit, ours, aim, better: 'less' };
}

function orderOfOne(): object {
  const externalId = randomUUID();
  return {
    ...{ externalId, code: externalId.slice(0, 8), currency: 'USD' },
    lines: [{ sku: 'S', title: 'Thing', quantity: 1, unitPrice: 900 }],
    totals: { items: 900, shipping: 0, tax: 0, discount: 0, total: 900 },
    shipTo: {
      ...{ firstName: 'Test', lastName: 'Shopper', streetAddress: '12 Sample Street\nSampleton' },
      ...{ postalCode: '40003', region: 'Kentucky', country: 'US' },
    },
  };
}
