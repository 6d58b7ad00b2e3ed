import { expect } from 'vitest';
import { sampleBigCommerceOrder } from '../../local/shops/sample-bigcommerce-order.ts';
import { sampleOrder } from '../../local/shops/sample-order.ts';
import { sampleWooCommerceOrder } from '../../local/shops/sample-woocommerce-order.ts';
import type { Delivering, Misbehaviour, Outbox, StandIn } from '../../local/shops/stand-in.ts';
import { call, type ListedOrder, listAll } from '../orders/trading.ts';
import { eventually } from '../support/market.ts';
import { freshId, type Shops } from './shops.ts';

const MINUTE = 60_000;
const WAYS: Delivering[] = ['well', 'lost', 'twice', 'later'];
/** What a shop's API does meanwhile; `cut` does the work and ends the connection in the middle of the answer. */
const FAILS: Misbehaviour['does'][] = [
  { cut: true },
  { answer: { status: 503 } },
  { answer: { status: 429, headers: { 'Retry-After': '60', 'X-Rate-Limit-Time-Reset-Ms': '60000' } } },
  { slow: 400 },
];

interface Platform {
  name: string;
  shop: StandIn & { outbox: Outbox };
  place: (id: number) => Promise<unknown>;
  /** Takes away what tells us of orders. */
  unsubscribe: () => void;
  subscriptions: () => number;
  /** How many shipments the shop has of an order. */
  shipments: (id: number) => number;
}

function platforms({ woo, big, shopify, market }: Shops): Platform[] {
  const at = (): number => market.cloud.clock.now();
  return [
    {
      name: 'woocommerce',
      shop: woo,
      place: (id) => woo.place(sampleWooCommerceOrder({ id, at: at() })),
      unsubscribe: () => {
        woo.webhooks.clear();
      },
      subscriptions: () => woo.webhooks.size,
      shipments: (id) => {
        const meta = woo.orders.get(id)?.['meta_data'] as { key: string; value: unknown }[];
        const items = meta.find(({ key }) => key === '_wc_shipment_tracking_items')?.value;
        return Array.isArray(items) ? items.length : 0;
      },
    },
    {
      name: 'bigcommerce',
      shop: big,
      place: (id) => big.place(sampleBigCommerceOrder({ id, at: at() })),
      unsubscribe: () => {
        big.hooks.clear();
      },
      subscriptions: () => big.hooks.size,
      shipments: (id) => big.shipments.get(id)?.length ?? 0,
    },
    {
      name: 'shopify',
      shop: shopify,
      place: (id) => shopify.place(sampleOrder({ id, number: id % 10_000, at: at() })),
      unsubscribe: () => {
        shopify.subscriptions.clear();
      },
      subscriptions: () => shopify.subscriptions.size,
      shipments: (id) => (shopify.orders.get(String(id))?.['fulfillments'] as object[]).length,
    },
  ];
}

/**
 * At every platform, orders are placed while events are lost, come twice, late and in the opposite order, its API fails
 * and its subscriptions are deleted; then a partner ships them all while the APIs fail. In the end every order is here
 * once, and every shipment is in its shop once.
 */
export async function losesNothing(shops: Shops, count: number): Promise<void> {
  const { market } = shops;
  const all = platforms(shops);
  const placed = new Map<string, number[]>();
  for (const { name, shop, place, unsubscribe } of all) {
    const ids = Array.from({ length: count }, freshId);
    placed.set(name, ids);
    for (const [turn, id] of ids.entries()) {
      shop.outbox.mode = WAYS[turn % WAYS.length] ?? 'well';
      const does = FAILS[turn % FAILS.length];
      if (does !== undefined && turn % 3 === 1) shop.misbehave({ times: 1, does });
      await place(id);
      if (turn === Math.floor(count / 2)) unsubscribe();
    }
    await shop.outbox.flush();
    shop.outbox.mode = 'well';
  }
  // Each turn of the poll can meet another failure of its shop.
  for (let turn = 0; turn < count + 3; turn += 1) {
    await shops.poll();
    const { length } = (await listAll(market.retailer)).filter(({ source }) =>
      all.some((each) => each.name === source?.platform),
    );
    if (length === count * all.length && all.every(({ subscriptions }) => subscriptions() > 0)) break;
  }
  const known = await eventually(async () => {
    const orders = await listAll(market.retailer);
    for (const { name } of all) {
      const here = orders.filter((order) => order.source?.platform === name);
      const ids = here.map((order) => Number(order.source?.externalId)).toSorted((a, b) => a - b);
      expect(ids, name).toEqual(placed.get(name)?.toSorted((a, b) => a - b));
    }
    expect(orders.every(({ routing }) => routing === 'done')).toBe(true);
    return orders;
  });
  for (const { name, subscriptions } of all) expect(subscriptions(), name).toBeGreaterThan(0);
  await shipAll(shops, known, all);
  for (const { name, shipments } of all) {
    const there = (placed.get(name) ?? []).map(shipments);
    expect(there, name).toEqual(there.map(() => 1));
  }
  // What nobody met of those failures is not left to whoever comes next.
  for (const { shop } of all) shop.behave();
}

async function shipAll(shops: Shops, orders: ListedOrder[], all: Platform[]): Promise<void> {
  const { market } = shops;
  for (const [turn, order] of orders.entries()) {
    const { shop } = all[turn % all.length] ?? {};
    const does = FAILS[turn % FAILS.length];
    if (does !== undefined) shop?.misbehave({ times: 1, does });
    const path = `/v1/orders/${order.supplyOrders[0]?.id ?? ''}/fulfilments`;
    const body = { carrier: 'ups', trackingNumbers: [`1Z${String(turn).padStart(16, '0')}`] };
    expect((await market.supplier.call('POST', path, { body })).status).toBe(201);
  }
  // Each 429 keeps a shop waiting for a minute.
  await eventually(
    async () => {
      await market.cloud.clock.advance(MINUTE);
      for (const state of ['pending', 'failed', 'dead']) {
        const path = `/v1/deliveries?limit=100&state=${state}`;
        const { json } = await call<{ data: { kind: string }[] }>(market.retailer, 'GET', path);
        expect(json.data.filter(({ kind }) => kind === 'shipment')).toEqual([]);
      }
    },
    60_000 + orders.length * 5_000,
  );
}
