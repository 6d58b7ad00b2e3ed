import { expect } from 'vitest';
import { type Answer, eventually, type Market, type Merchant } from '../support/market.ts';

/** An order, as the retailer and as the supplier know it. */
export interface Both {
  orderId: string;
  supplyOrderId: string;
}

/** A line of every address here: whoever is shown it, is shown the address. */
const STREET = '12 Sample Street';

/** Whether a merchant is shown the address. */
export async function opens(merchant: Merchant, orderId: string): Promise<boolean> {
  const { status, text } = await merchant.call('GET', `/v1/orders/${orderId}`);
  const shown = text.includes(STREET);
  expect(shown && status !== 200).toBe(false);
  return shown;
}

/** Shipped by both and put away by both. */
export async function end(market: Market, { orderId, supplyOrderId }: Both): Promise<void> {
  for (const [merchant, id] of [
    [market.supplier, supplyOrderId],
    [market.retailer, orderId],
  ] as const) {
    expect((await merchant.call('POST', `/v1/orders/${id}/fulfilments`, { body: {} })).status).toBe(201);
    expect((await merchant.call('POST', `/v1/orders/${id}/archive`)).status).toBe(200);
  }
}

/** Deletes an archived order and waits until that is done. */
export async function erase(merchant: Merchant, orderId: string): Promise<void> {
  const asked = await merchant.call('DELETE', `/v1/orders/${orderId}`);
  expect(asked.status).toBe(202);
  await eventually(async () => {
    const erasure = await merchant.call('GET', `/v1/erasures/${idIn(asked)}`);
    expect(erasure.json).toMatchObject({ state: 'destroyed' });
  });
}

/** The body of `POST /v1/orders`, of which the supplier has one line. */
export function madeOrder(): object {
  return {
    ...{ externalId: 'made-once', code: 'MADE-ONCE', currency: 'USD' },
    lines: [
      { sku: 'IPOD2008GREEN', title: 'Player', quantity: 1, unitPrice: 100 },
      { sku: 'OTHER', title: 'Other', quantity: 1, unitPrice: 100 },
    ],
    totals: { items: 200, shipping: 0, tax: 0, discount: 0, total: 200 },
    shipTo: {
      firstName: 'Test',
      lastName: 'Shopper',
      streetAddress: `${STREET}\nSampleton`,
      postalCode: '40003',
      region: 'Kentucky',
      country: 'US',
    },
  };
}

/** Waits until the supplier has its part. */
export function routed(market: Market, orderId: string): Promise<Both> {
  return eventually(async () => {
    const page = await market.retailer.call('GET', '/v1/orders?limit=100');
    const orders = (page.json as { data: { id: string; supplyOrders: { id: string }[] }[] }).data;
    const supplyOrderId = orders.find(({ id }) => id === orderId)?.supplyOrders[0]?.id;
    expect(supplyOrderId).toBeDefined();
    return { orderId, supplyOrderId: supplyOrderId ?? '' };
  });
}

export function idIn(answer: Answer): string {
  return (answer.json as { id: string }).id;
}
