import { randomUUID } from 'node:crypto';
import { PubSub } from '@google-cloud/pubsub';
import { expect } from 'vitest';
import type { Cloud } from '../../local/cloud.ts';
import type { FunctionName, TopicName } from '../../local/topology.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import type { StoredErasure } from '../../shared/orders/erasure.ts';
import type { StoredOrder } from '../../shared/domain/order.ts';
import { type Answer, type Call, eventually, type Market, type Merchant } from '../support/market.ts';
import { idsOf, type OrderIds } from './order-state.ts';

/** One step of an order's path. */
export interface Step {
  title: string;
  /** The function that does it, and that is killed. */
  by: FunctionName;
  /** Makes an order that has come as far as this step. */
  prepare: (market: Market) => Promise<Prepared>;
}

export interface Prepared {
  ids: OrderIds;
  /** Does the step as its caller does: until it is answered, or until it shows. Fails when it never is. */
  run: () => Promise<void>;
}

const MINUTE = 60_000;
/** Locks of a killed process are gone after a minute. */
const PATIENCE = 120_000;

export const RECEIVE: Step = {
  title: 'storing an order and asking for its routing',
  by: 'webhooks',
  async prepare(market) {
    const payload = market.order();
    const ids = await idsOf(market, payload.id);
    return {
      ids,
      run: async () => {
        await taken(() => market.send(payload));
        await routed(market, ids);
      },
    };
  },
};

export const ROUTE: Step = { ...RECEIVE, title: 'routing an order', by: 'route-order' };

export const CREATE: Step = {
  title: 'creating an order through the API',
  by: 'orders',
  async prepare(market) {
    const externalId = randomUUID();
    const ids = await idsOf(market, externalId, market.retailer.companyId);
    const body = orderBody(externalId);
    const headers = { 'Idempotency-Key': randomUUID() };
    return {
      ids,
      run: async () => {
        const made = await answered(market.retailer, 'POST', '/v1/orders', { body, headers });
        expect(made).toMatchObject({ status: 201, json: { id: ids.orderId } });
        // Killed before the message left, the order is found by its slot: a repeat only answers what was made.
        await past(market, 6 * MINUTE, () => routed(market, ids, 500));
      },
    };
  },
};

export const FULFIL: Step = {
  title: 'shipping',
  by: 'orders',
  async prepare(market) {
    const ids = await routedOrder(market);
    const body = { carrier: 'ups', trackingNumbers: ['1Z999'], trackingUrls: [] };
    const headers = { 'Idempotency-Key': randomUUID() };
    const path = `/v1/orders/${ids.supplyOrderId}/fulfilments`;
    return {
      ids,
      run: async () => {
        const shipped = await answered(market.supplier, 'POST', path, { body, headers });
        expect(shipped.status).toBe(201);
      },
    };
  },
};

export const CANCEL: Step = {
  title: 'cancelling what is left',
  by: 'orders',
  async prepare(market) {
    const ids = await routedOrder(market);
    return {
      ids,
      run: async () => {
        const cancelled = await answered(market.retailer, 'POST', `/v1/orders/${ids.orderId}/cancel`);
        // Cancelled by the first attempt, whose answer was lost: nothing is left of any line.
        expect([200, 409]).toContain(cancelled.status);
      },
    };
  },
};

export const ARCHIVE: Step = {
  title: 'archiving',
  by: 'orders',
  async prepare(market) {
    const ids = await endedOrder(market);
    return {
      ids,
      run: async () => {
        const archived = await answered(market.retailer, 'POST', `/v1/orders/${ids.orderId}/archive`);
        expect(archived.status).toBe(200);
      },
    };
  },
};

export const DELETE: Step = {
  title: 'asking for an erasure',
  by: 'orders',
  async prepare(market) {
    const ids = await archivedOrder(market);
    return { ids, run: () => erased(market, ids) };
  },
};

export const ERASE: Step = { ...DELETE, title: 'erasing an order', by: 'erase' };

export const CONFIRM: Step = {
  title: 'confirming an erasure past its horizon',
  by: 'erase',
  async prepare(market) {
    const ids = await archivedOrder(market);
    await erased(market, ids);
    return { ids, run: () => past(market, 2 * 60 * MINUTE, () => erasureIs(market, ids, 'confirmed')) };
  },
};

export const SWEEP: Step = {
  title: 'publishing again what was lost',
  by: 'sweep',
  async prepare(market) {
    const ids = await unroutedOrder(market);
    return { ids, run: () => past(market, 6 * MINUTE, () => routed(market, ids, 1000)) };
  },
};

export const HOLD: Step = {
  title: 'holding an order whose message is dead',
  by: 'sweep',
  async prepare(market) {
    const ids = await unroutedOrder(market);
    const message = { companyId: market.retailer.companyId, orderId: ids.orderId };
    return {
      ids,
      run: async () => {
        await publish(market.cloud, 'orders-dead', message);
        await orderIs(market, ids, (order) => order.routing === 'held');
      },
    };
  },
};

/** An order as a merchant without a shop sends it. */
export function orderBody(externalId: string = randomUUID()) {
  return {
    externalId,
    code: externalId.slice(0, 8),
    currency: 'USD',
    lines: [{ sku: 'IPOD2008RED', title: 'Red', quantity: 2, unitPrice: 100 }],
    totals: { items: 200, shipping: 0, tax: 0, discount: 0, total: 200 },
    shipTo: {
      firstName: 'Test',
      lastName: 'Shopper',
      streetAddress: '12 Sample Street\nSampleton',
      postalCode: '40003',
      region: 'Kentucky',
      country: 'US',
    },
  };
}

/** Puts a message on a topic by hand. */
async function publish({ projectId, emulators }: Cloud, topic: TopicName, message: object): Promise<void> {
  const client = new PubSub({ projectId, apiEndpoint: emulators.pubsub.address, emulatorMode: true });
  try {
    await client.topic(topic).publishMessage({ json: message });
  } finally {
    await client.close();
  }
}

/** What a shop does with anything but a 200: it sends the same again. */
export async function taken(send: () => Promise<Response>): Promise<void> {
  await eventually(async () => {
    expect((await send()).status).toBe(200);
  }, PATIENCE);
}

/** What a merchant does with an answer of 500 or more: the same request again, with the same `Idempotency-Key`. */
async function answered(merchant: Merchant, method: string, path: string, call?: Call): Promise<Answer> {
  return eventually(async () => {
    const answer = await merchant.call(method, path, call);
    expect(answer.status).toBeLessThan(500);
    return answer;
  }, PATIENCE);
}

/** Moves the clock until `seen` holds: what one tick did not finish is the next one's, once the lease is over. */
export async function past(market: Market, ms: number, seen: () => Promise<void>): Promise<void> {
  await eventually(async () => {
    await market.cloud.clock.advance(ms);
    await seen();
  }, PATIENCE);
}

export async function orderIs(
  market: Market,
  { orderId }: OrderIds,
  want: (order: StoredOrder) => boolean,
  timeout = PATIENCE,
): Promise<void> {
  const ref = market.seed.db.doc(paths.order(market.retailer.companyId, orderId));
  await eventually(async () => {
    const order = (await ref.get()).data() as StoredOrder | undefined;
    expect(order !== undefined && want(order)).toBe(true);
  }, timeout);
}

export function routed(market: Market, ids: OrderIds, timeout?: number): Promise<void> {
  return orderIs(market, ids, (order) => order.routing === 'done', timeout);
}

export async function erasureIs(market: Market, { orderId }: OrderIds, state: string): Promise<void> {
  const erasures = market.seed.db.collection(paths.erasures(market.retailer.companyId));
  await eventually(async () => {
    const found = await erasures.where('orders', 'array-contains', orderId).get();
    expect(found.docs.map((doc) => (doc.data() as StoredErasure).state)).toEqual([state]);
  }, PATIENCE);
}

async function erased(market: Market, ids: OrderIds): Promise<void> {
  await askErasure(market, ids);
  await erasureIs(market, ids, 'destroyed');
}

export async function askErasure(market: Market, ids: OrderIds): Promise<void> {
  const asked = await answered(market.retailer, 'DELETE', `/v1/orders/${ids.orderId}`);
  // Erased by the first attempt, whose answer was lost.
  expect([202, 404]).toContain(asked.status);
}

/** A fresh order of the shop, sent until it is acknowledged. */
export async function delivered(market: Market): Promise<OrderIds> {
  const payload = market.order();
  await taken(() => market.send(payload));
  return idsOf(market, payload.id);
}

export async function routedOrder(market: Market): Promise<OrderIds> {
  const { ids, run } = await RECEIVE.prepare(market);
  await run();
  return ids;
}

/** Stored and answered, but its message never left. */
export async function unroutedOrder(market: Market): Promise<OrderIds> {
  const payload = market.order();
  const ids = await idsOf(market, payload.id);
  const refused = { status: 7 };
  market.cloud.doors.webhooks.setFault({
    match: ({ method }) => method === 'Publish',
    ...{ nth: 1, when: 'before', then: refused },
  });
  await taken(() => market.send(payload));
  return ids;
}

async function endedOrder(market: Market): Promise<OrderIds> {
  const { ids, run } = await CANCEL.prepare(market);
  await run();
  return ids;
}

export async function archivedOrder(market: Market): Promise<OrderIds> {
  const { ids, run } = await ARCHIVE.prepare(market);
  await run();
  return ids;
}
