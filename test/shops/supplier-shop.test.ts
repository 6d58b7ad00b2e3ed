import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedConnection } from '../../local/seed.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import type { ConnectionSecrets } from '../../shared/commerce/platform.ts';
import type { ShopPlatform } from '../../shared/domain/delivery.ts';
import { call, listAll, read, type SeenOrder, trade } from '../orders/trading.ts';
import { eventually } from '../support/market.ts';
import { WOO } from './shop-market.ts';
import { type Shops, startShops } from './shops.ts';

const SKU = 'IPOD2008GREEN';

let shops: Shops;
beforeAll(async () => {
  shops = await startShops({}, 'supplier');
  shops.woo.products.set(7, { id: 7, sku: 'IPOD2008GREEN', name: 'Green', parent_id: 0, type: 'simple' });
  shops.shopify.stock.set('IPOD2008GREEN', 5);
  await shops.poll();
}, 90_000);
afterAll(() => shops.stop());

/** What the supplier's staff do in their shop with an order that we made there. */
interface Staff {
  connectionId: () => string;
  /** The shop's ids of all orders. */
  orders: () => number[];
  ship(id: number, number: string): Promise<unknown>;
  /** Gives what was shipped another number. */
  correct(id: number, number: string): Promise<unknown>;
  cancel(id: number): Promise<unknown>;
}

const STAFF: Record<ShopPlatform, Staff> = {
  shopify: {
    connectionId: () => shops.shopify.connectionId,
    orders: () => [...shops.shopify.orders.keys()].map(Number),
    ship: (id, number) => {
      const items = shops.shopify.orders.get(String(id))?.['line_items'] as {
        id: number;
        quantity: number;
      }[];
      const tracking = { tracking_company: 'UPS', tracking_numbers: [number], tracking_urls: [] };
      const made = { id: id + 1, status: 'success', line_items: items, ...tracking };
      Object.assign(shops.shopify.orders.get(String(id)) ?? {}, { fulfillments: [made] });
      return shops.shopify.tell('fulfillments/create', { id: id + 1, order_id: id, email: 'x@example.com' });
    },
    correct: (id, number) => {
      const order = shops.shopify.orders.get(String(id)) ?? {};
      const [made] = order['fulfillments'] as object[];
      const updated_at = new Date(shops.market.cloud.clock.now()).toISOString();
      Object.assign(made ?? {}, { tracking_numbers: [number] });
      Object.assign(order, { updated_at });
      return shops.shopify.tell('fulfillments/update', { id: id + 1, order_id: id });
    },
    cancel: (id) => shops.shopify.change(id, { cancelled_at: new Date().toISOString() }),
  },
  woocommerce: {
    connectionId: () => shops.woo.connectionId,
    orders: () => [...shops.woo.orders.keys()],
    ship: (id, number) => {
      const all = shops.woo.orders.get(id)?.['meta_data'] as { key: string }[];
      const kept = all.filter(({ key }) => key !== '_wc_shipment_tracking_items');
      const value = [{ custom_tracking_provider: 'UPS', tracking_number: number, custom_tracking_link: '' }];
      const meta_data = [...kept, { key: '_wc_shipment_tracking_items', value }];
      return shops.woo.change(id, { status: 'completed', meta_data });
    },
    correct: (id, number) => STAFF.woocommerce.ship(id, number),
    cancel: (id) => shops.woo.remove(id),
  },
  bigcommerce: {
    connectionId: () => shops.big.connectionId,
    orders: () => [...shops.big.orders.keys()],
    ship: (id, number) => {
      const items = (shops.big.orders.get(id)?.products ?? []).map((each) => ({
        order_product_id: each['id'],
        quantity: each['quantity'],
      }));
      const url = `http://127.0.0.1:${shops.big.port}/stores/${shops.big.storeHash}/v2/orders/${id}/shipments`;
      const body = JSON.stringify({ tracking_carrier: 'ups', tracking_number: number, items });
      return fetch(url, { method: 'POST', headers: { 'X-Auth-Token': shops.big.token }, body });
    },
    correct: (id, number) => {
      const shipment = String(shops.big.shipments.get(id)?.[0]?.['id']);
      const url = `http://127.0.0.1:${shops.big.port}/stores/${shops.big.storeHash}/v2/orders/${id}/shipments/${shipment}`;
      const body = JSON.stringify({ tracking_number: number });
      return fetch(url, { method: 'PUT', headers: { 'X-Auth-Token': shops.big.token }, body });
    },
    cancel: (id) => shops.big.change(id, { status_id: 5 }),
  },
};

/** Routes an order to the supplier, whose orders are made in the shop of this platform. */
async function made(staff: Staff): Promise<{ own: SeenOrder; supply: SeenOrder; id: number }> {
  const { market } = shops;
  for (const [platform, each] of Object.entries(STAFF)) {
    const chosen = STAFF[platform as ShopPlatform] === staff;
    const createdAt = chosen ? '2020-01-01T00:00:00.000Z' : '2020-01-02T00:00:00.000Z';
    await market.seed.db
      .doc(paths.connection(market.supplier.companyId, each.connectionId()))
      .update({ createdAt });
  }
  // Which shop takes orders is remembered for half a minute.
  await market.cloud.clock.advance(30_000);
  const before = new Set(staff.orders());
  const { own, supply } = await trade(market);
  const id = await eventually(() => {
    const [fresh] = staff.orders().filter((each) => !before.has(each));
    return fresh ?? expect.fail('the order is not in the shop yet');
  });
  await eventually(async () => {
    const { json } = await call<{ data: { state: string }[] }>(
      market.supplier,
      'GET',
      `/v1/deliveries?orderId=${supply.id}`,
    );
    expect(json.data.map(({ state }) => state)).toEqual(['done']);
  });
  return { own, supply, id };
}

describe.each(Object.entries(STAFF))('an order that we made in a supplier’s %s', (_platform, staff) => {
  it('and is shipped there is shipped on both sides, with its tracking, once', async () => {
    const { market } = shops;
    const { own, supply, id } = await made(staff);
    await staff.ship(id, '1Z1234512345123456');
    await eventually(async () => {
      expect((await read(market.supplier, supply.id)).state).toBe('fulfilled');
    });
    const [told, theirs] = [await read(market.retailer, own.id), await read(market.supplier, supply.id)];
    const shipped = { carrier: 'ups', trackingNumbers: ['1Z1234512345123456'] };
    expect(told.fulfilments).toMatchObject([shipped]);
    expect(theirs.fulfilments).toMatchObject([shipped]);
    await shops.poll();
    expect((await read(market.supplier, supply.id)).fulfilments).toHaveLength(1);
    await staff.correct(id, '1Z0000000000000001');
    await eventually(async () => {
      const { fulfilments } = await read(market.retailer, own.id);
      expect(fulfilments).toMatchObject([{ carrier: 'ups', trackingNumbers: ['1Z0000000000000001'] }]);
    });
    await shops.poll();
    const { json } = await call<{ data: { action: string }[] }>(
      market.retailer,
      'GET',
      `/v1/audit?record=${own.id}&limit=100`,
    );
    const changes = json.data.filter(({ action }) => action === 'order.fulfilment_changed');
    expect(changes).toHaveLength(1);
    const ids = (await listAll(market.supplier)).map((order) => order.source);
    expect(ids.filter((source) => source !== null)).toEqual([]);
  });

  it('and is cancelled there is declined: the retailer has its lines back', async () => {
    const { market } = shops;
    const { own, supply, id } = await made(staff);
    await staff.cancel(id);
    await eventually(async () => {
      expect((await read(market.supplier, supply.id)).state).toBe('cancelled');
    });
    const told = await read(market.retailer, own.id);
    expect(
      told.lines.every(({ supplier, cancelledQuantity }) => supplier === null && cancelledQuantity === 0),
    ).toBe(true);
  });
});

describe('a shop that a retailer and its supplier share', () => {
  it('does not bring what was made in it to the retailer as an order, which would go round for ever', async () => {
    const { market } = shops;
    const { id, supply } = await made(STAFF.woocommerce);
    const secret = 'secret-of-the-retailers-webhooks';
    const connect = (site: string): Promise<string> => {
      const access: ConnectionSecrets = { platform: 'woocommerce', secrets: [secret], site, ...WOO };
      return seedConnection(market.retailer.companyId, access, market.seed);
    };
    const tell = async (connectionId: string, order: object): Promise<number> => {
      const body = JSON.stringify(order);
      const headers = {
        'Content-Type': 'application/json',
        'X-WC-Webhook-Topic': 'order.created',
        'X-WC-Webhook-Signature': createHmac('sha256', secret).update(body).digest('base64'),
      };
      const url = `${market.cloud.baseUrl}/webhooks/${connectionId}`;
      return (await fetch(url, { method: 'POST', body, headers })).status;
    };
    const [shared, another] = [await connect(shops.woo.site), await connect('https://another.example')];
    const order = shops.woo.orders.get(id) ?? {};
    const count = async (): Promise<number> => (await listAll(market.retailer)).length;
    const before = await count();
    expect(await tell(shared, order)).toBe(200);
    expect(await count()).toBe(before);

    // It can come before our own call has returned, which tells its number.
    const deliveries = market.seed.db.collection(paths.deliveries(market.supplier.companyId));
    const [delivery] = (await deliveries.where('orderId', '==', supply.id).where('kind', '==', 'order').get())
      .docs;
    await delivery?.ref.update({ shopId: null });
    expect(await tell(shared, order)).toBe(200);
    expect(await count()).toBe(before);
    expect(await tell(another, { ...order, id: id + 1_000_000 })).toBe(200);
    expect(await count()).toBe(before + 1);

    // Another order with a copy of the marker is an order like any other.
    await delivery?.ref.update({ shopId: String(id) });
    expect(await tell(shared, { ...order, id: id + 2_000_000 })).toBe(200);
    expect(await count()).toBe(before + 2);
  });
});

describe('what was shipped here already', () => {
  it('is not shipped again when the shop says so too', async () => {
    const { market } = shops;
    const { supply, id } = await made(STAFF.woocommerce);
    const path = `/v1/orders/${supply.id}/fulfilments`;
    expect((await market.supplier.call('POST', path, { body: { carrier: 'dhl' } })).status).toBe(201);
    await STAFF.woocommerce.ship(id, '1Z1234512345123457');
    const { fulfilments } = await read(market.supplier, supply.id);
    expect(fulfilments.map(({ carrier }) => carrier)).toEqual(['dhl']);
  });
});

describe.each([
  ['shopify', STAFF.shopify, () => shops.shopify.stock.get(SKU)],
  ['woocommerce', STAFF.woocommerce, () => shops.woo.products.get(7)?.['stock_quantity']],
] as const)('the number of a SKU at a supplier’s %s', (_platform, staff, shown) => {
  it('is taken off once for an order that we made there, here and there', async () => {
    const { supplier } = shops.market;
    const counted = { stock: [{ sku: SKU, onHand: 50 }] };
    expect((await supplier.call('PUT', '/v1/stock', { body: counted })).status).toBe(200);
    const left = async (): Promise<number> => {
      const { json } = await call<{ data: { available: number }[] }>(supplier, 'GET', `/v1/stock?sku=${SKU}`);
      return json.data[0]?.available ?? 0;
    };
    const before = await eventually(async () => {
      expect(shown()).toBe(await left());
      return left();
    });
    const { supply } = await made(staff);
    const wanted = supply.lines
      .filter(({ sku }) => sku === SKU)
      .reduce((sum, line) => sum + line.quantity, 0);
    expect(wanted).toBeGreaterThan(0);
    await eventually(async () => {
      expect([await left(), shown()]).toEqual([before - wanted, before - wanted]);
    });
  });
});
