import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SHOP_PLATFORMS } from '../../shared/domain/delivery.ts';
import { listAll, trade } from '../orders/trading.ts';
import { connectShop, deliveriesOf, failing, settled, type Shops, startShops } from './shops.ts';

let shops: Shops;
beforeAll(async () => {
  shops = await startShops();
});
afterAll(() => shops.stop());
beforeEach(async () => {
  const { market, of } = shops;
  for (const shop of Object.values(of)) shop.empty();
  const connected = await market.seed.db
    .collection(`companies/${market.supplier.companyId}/connections`)
    .get();
  await Promise.all(connected.docs.map((doc) => doc.ref.delete()));
});

type Order = Record<string, unknown>;

/** Connects the supplier's shop at Shopify, whose webhooks come when the test says so. */
async function connectShopify(companyId = shops.market.supplier.companyId): Promise<string> {
  const { shopify, market } = shops;
  const id = await connectShop(shops, 'shopify', companyId);
  const uri = `${market.cloud.baseUrl}/webhooks/${id}`;
  shopify.subscriptions.clear();
  shopify.subscriptions.set(id, { id, topic: 'ORDERS_CREATE', uri, includeFields: [], failures: 0 });
  shopify.outbox.mode = 'lost';
  return id;
}

/** The shop's own webhook of an order in it; what it is answered with. */
async function webhookOf(order: Order): Promise<number[]> {
  const { shopify } = shops;
  shopify.outbox.mode = 'well';
  const answers = await shopify.tell('orders/create', order);
  shopify.outbox.mode = 'lost';
  return answers;
}

/** The one order that we made there. */
function madeOrder(): Order {
  const [order, ...more] = shops.shopify.orders.values();
  if (order === undefined || more.length > 0) throw new Error('not one order was made');
  return order;
}

describe.each(SHOP_PLATFORMS)('an order that is routed to a supplier with a shop at %s', (platform) => {
  it('is created there once, with the address and without what only the retailer knows', async () => {
    const { market, woo, shopify } = shops;
    const { standIn, made, makes } = shops.of[platform];
    woo.products.set(5, { id: 5, sku: 'IPOD2008RED', type: 'simple', parent_id: 0 });
    shopify.stock.set('IPOD2008RED', 5);
    // Begun with before that one, and never agreed to.
    const begun = { platform: 'shopify', shop: 'given-up.myshopify.com' };
    expect((await market.supplier.call('POST', '/v1/connections', { body: begun })).status).toBe(201);
    await connectShop(shops, platform, market.supplier.companyId);
    const before = standIn.calls.length;
    // The making is answered by nobody: the next attempt finds the order by its marker.
    standIn.misbehave({ times: 1, making: true, does: { lost: true } });
    const { own, supply } = await trade(market);
    const [delivery] = await settled(market, market.supplier.companyId, supply.id, ['failed', 'done']);
    await market.cloud.clock.advance(60_000);
    await settled(market, market.supplier.companyId, supply.id);
    expect(made()).toHaveLength(1);

    const asked = standIn.calls.slice(before).filter(makes);
    expect(asked).toHaveLength(1);
    const { text = '' } = asked[0] ?? {};
    const line = platform === 'woocommerce' ? '"product_id":5' : 'IPOD2008RED';
    for (const known of [own.shipTo?.lastName, own.shipTo?.postalCode, line]) {
      expect(text).toContain(known);
    }
    // What the retailer's customer pays, and how the shop reaches them, is the retailer's own.
    for (const secret of ['199.00', own.id, market.retailer.companyId, '@'])
      expect(text).not.toContain(secret);
    expect(text.replaceAll(/\D/g, '')).not.toContain('5550143');
    expect(made()[0]?.marker).toMatch(/^sr1(?:-[0-9a-z]{26}){3}$/);
    expect(delivery?.kind).toBe('order');
  });
});

describe('an order that was cancelled before it was told', () => {
  it('is not made, and there is nothing to send again', async () => {
    const { market, of } = shops;
    await connectShop(shops, 'shopify', market.supplier.companyId);
    of.shopify.standIn.misbehave({ times: 1, does: failing(500) });
    const { own, supply } = await trade(market);
    await settled(market, market.supplier.companyId, supply.id, ['failed']);
    expect((await market.retailer.call('POST', `/v1/orders/${own.id}/cancel`, { body: {} })).status).toBe(
      200,
    );
    await market.cloud.clock.advance(60_000);
    await settled(market, market.supplier.companyId, supply.id);
    expect([...shops.shopify.orders]).toEqual([]);
    const kinds = (await deliveriesOf(market, market.supplier.companyId)).map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(['order']));
  });
});

describe('the webhook of an order that we made in a supplier’s shop', () => {
  it('maps back to the supply order and is never routed, when it comes before our own call has returned', async () => {
    const { market, shopify } = shops;
    await connectShopify();
    const before = (await listAll(market.supplier)).length;
    const answers: number[] = [];
    const meanwhile = async (): Promise<void> => {
      answers.push(...(await webhookOf(madeOrder())));
    };
    shopify.misbehave({ times: 1, making: true, does: { meanwhile } });
    const { supply } = await trade(market);
    const [delivery] = await settled(market, market.supplier.companyId, supply.id);
    expect(answers).toEqual([200]);
    expect(delivery?.shopId).toBe(String(madeOrder()['id']));
    expect((await listAll(market.supplier)).length).toBe(before + 1);
  });

  it('and when it comes afterwards, and again', async () => {
    const { market } = shops;
    await connectShopify();
    const before = (await listAll(market.supplier)).length;
    const { supply } = await trade(market);
    await settled(market, market.supplier.companyId, supply.id);
    const order = madeOrder();
    expect([await webhookOf(order), await webhookOf(order)]).toEqual([[200], [200]]);
    expect((await listAll(market.supplier)).length).toBe(before + 1);
  });

  it('also when our call was never answered: the order is not made a second time', async () => {
    const { market, shopify } = shops;
    await connectShopify();
    shopify.misbehave({ times: 1, making: true, does: { lost: true } });
    const { supply } = await trade(market);
    await settled(market, market.supplier.companyId, supply.id, ['failed']);
    const order = madeOrder();
    expect(await webhookOf(order)).toEqual([200]);
    // The shop's search does not know it yet, as Shopify's does not for some seconds.
    shopify.orders.clear();
    await market.cloud.clock.advance(60_000);
    const [delivery] = await settled(market, market.supplier.companyId, supply.id);
    expect(delivery?.shopId).toBe(String(order['id']));
    expect([...shopify.orders]).toEqual([]);
  });

  it('is believed for its MAC alone: a marker that was changed or belongs to another company is an order like any other', async () => {
    const { market } = shops;
    await connectShopify();
    const { supply } = await trade(market);
    await settled(market, market.supplier.companyId, supply.id);
    const order = madeOrder();
    const marker = String(order['source_identifier']);
    const marked = (value: string): Order => ({
      ...{ ...order, id: randomInt(2 ** 40), source_identifier: value },
      note_attributes: [{ name: 'strongroom', value }],
    });
    const before = (await listAll(market.supplier)).length;
    const forged = marker.slice(0, -1) + (marker.endsWith('0') ? '4' : '0');
    expect(await webhookOf(marked(forged))).toEqual([200]);
    expect((await listAll(market.supplier)).length).toBe(before + 1);

    await connectShopify(market.retailer.companyId);
    const own = (await listAll(market.retailer)).length;
    expect(await webhookOf(marked(marker))).toEqual([200]);
    expect((await listAll(market.retailer)).length).toBe(own + 1);
  });
});
