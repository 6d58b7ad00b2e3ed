import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sampleOrder } from '../../local/shops/sample-order.ts';
import { sendShopifyOrder } from '../../local/shops/shopify.ts';
import { SHOP_PLATFORMS } from '../../shared/domain/delivery.ts';
import { listAll, trade } from '../orders/trading.ts';
import { connectShop, deliveriesOf, settled, type Shops, startShops } from './shops.ts';

let shops: Shops;
beforeAll(async () => {
  shops = await startShops();
});
afterAll(() => shops.stop());
beforeEach(async () => {
  const { market, shop } = shops;
  shop.next.length = shop.nextMaking.length = shop.made.length = 0;
  shop.beforeAnswer = () => Promise.resolve();
  const connected = await market.seed.db
    .collection(`companies/${market.supplier.companyId}/connections`)
    .get();
  await Promise.all(connected.docs.map((doc) => doc.ref.delete()));
});

/** The order that we made in the supplier's shop, as that shop's own webhook tells of it. */
async function webhookOf(connectionId: string, made: { id: number; marker: string }): Promise<number> {
  const change = { note_attributes: [{ name: 'strongroom', value: made.marker }] };
  const body = JSON.stringify(sampleOrder({ id: made.id, number: made.id, at: Date.now(), change }));
  const url = `${shops.market.cloud.baseUrl}/webhooks/${connectionId}`;
  const signed = { secret: 'webhook-secret', shop: 'written.myshopify.com', topic: 'orders/create' };
  return (await sendShopifyOrder({ url, ...signed, body })).status;
}

describe.each(SHOP_PLATFORMS)('an order that is routed to a supplier with a shop at %s', (platform) => {
  it('is created there once, with the address and without what only the retailer knows', async () => {
    const { market, shop } = shops;
    await connectShop(shops, platform, market.supplier.companyId);
    // The making is answered by nobody: the next attempt finds the order by its marker.
    shop.nextMaking.push('lost');
    const { own, supply } = await trade(market);
    const [delivery] = await settled(market, market.supplier.companyId, supply.id, ['failed', 'done']);
    await market.cloud.clock.advance(60_000);
    await settled(market, market.supplier.companyId, supply.id);
    expect(shop.made).toHaveLength(1);

    const text = JSON.stringify(shop.made[0]?.body);
    const line = platform === 'woocommerce' ? '"product_id":5' : 'IPOD2008RED';
    for (const known of [own.shipTo?.lastName, own.shipTo?.postalCode, line]) {
      expect(text).toContain(known);
    }
    // What the retailer's customer pays, and how the shop reaches them, is the retailer's own.
    for (const secret of ['199.00', own.id, market.retailer.companyId, '@'])
      expect(text).not.toContain(secret);
    expect(text.replaceAll(/\D/g, '')).not.toContain('5550143');
    expect(shop.made[0]?.marker).toMatch(/^sr1(?:-[0-9a-z]{26}){3}$/);
    expect(delivery?.kind).toBe('order');
  });
});

describe('an order that was cancelled before it was told', () => {
  it('is not made, and there is nothing to send again', async () => {
    const { market, shop } = shops;
    await connectShop(shops, 'shopify', market.supplier.companyId);
    shop.next.push(500);
    const { own, supply } = await trade(market);
    await settled(market, market.supplier.companyId, supply.id, ['failed']);
    expect((await market.retailer.call('POST', `/v1/orders/${own.id}/cancel`, { body: {} })).status).toBe(
      200,
    );
    await market.cloud.clock.advance(60_000);
    await settled(market, market.supplier.companyId, supply.id);
    expect(shop.made).toEqual([]);
    const kinds = (await deliveriesOf(market, market.supplier.companyId)).map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(['order']));
  });
});

describe('the webhook of an order that we made in a supplier’s shop', () => {
  it('maps back to the supply order and is never routed, when it comes before our own call has returned', async () => {
    const { market, shop } = shops;
    const connectionId = await connectShop(shops, 'shopify', market.supplier.companyId);
    const before = (await listAll(market.supplier)).length;
    const answers: number[] = [];
    shop.beforeAnswer = async () => {
      const made = shop.made[0];
      if (made !== undefined && answers.length === 0) answers.push(await webhookOf(connectionId, made));
    };
    const { supply } = await trade(market);
    const [delivery] = await settled(market, market.supplier.companyId, supply.id);
    expect(answers).toEqual([200]);
    expect(delivery?.shopId).toBe(String(shop.made[0]?.id));
    expect((await listAll(market.supplier)).length).toBe(before + 1);
  });

  it('and when it comes afterwards, and again', async () => {
    const { market, shop } = shops;
    const connectionId = await connectShop(shops, 'shopify', market.supplier.companyId);
    const before = (await listAll(market.supplier)).length;
    const { supply } = await trade(market);
    await settled(market, market.supplier.companyId, supply.id);
    const [made] = shop.made;
    if (made === undefined) throw new Error('nothing was made');
    expect([await webhookOf(connectionId, made), await webhookOf(connectionId, made)]).toEqual([200, 200]);
    expect((await listAll(market.supplier)).length).toBe(before + 1);
  });

  it('also when our call was never answered: the order is not made a second time', async () => {
    const { market, shop } = shops;
    const connectionId = await connectShop(shops, 'shopify', market.supplier.companyId);
    shop.nextMaking.push('lost');
    const { supply } = await trade(market);
    await settled(market, market.supplier.companyId, supply.id, ['failed']);
    const [made] = shop.made;
    if (made === undefined) throw new Error('nothing was made');
    expect(await webhookOf(connectionId, made)).toBe(200);
    // The shop's search does not know it yet, as Shopify's does not for some seconds.
    shop.made.length = 0;
    await market.cloud.clock.advance(60_000);
    const [delivery] = await settled(market, market.supplier.companyId, supply.id);
    expect(delivery?.shopId).toBe(String(made.id));
    expect(shop.made).toHaveLength(0);
  });

  it('is believed for its MAC alone: a marker that was changed or belongs to another company is an order like any other', async () => {
    const { market, shop } = shops;
    const connectionId = await connectShop(shops, 'shopify', market.supplier.companyId);
    const { supply } = await trade(market);
    await settled(market, market.supplier.companyId, supply.id);
    const marker = shop.made[0]?.marker ?? '';
    const before = (await listAll(market.supplier)).length;
    const forged = marker.slice(0, -1) + (marker.endsWith('0') ? '4' : '0');
    expect(await webhookOf(connectionId, { id: randomInt(2 ** 40), marker: forged })).toBe(200);
    expect((await listAll(market.supplier)).length).toBe(before + 1);

    const theirs = await connectShop(shops, 'shopify', market.retailer.companyId);
    const own = (await listAll(market.retailer)).length;
    expect(await webhookOf(theirs, { id: randomInt(2 ** 40), marker })).toBe(200);
    expect((await listAll(market.retailer)).length).toBe(own + 1);
  });
});
