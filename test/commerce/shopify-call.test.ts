import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ShopifyStandIn, startShopify } from '../../local/shops/shopify-shop.ts';
import { createEgress } from '../../shared/cloud/egress.ts';
import { callShopify } from '../../shared/commerce/shopify-call.ts';

const SHOP = 'called.myshopify.com';
const START = Date.UTC(2027, 0, 1);

let shopify: ShopifyStandIn;
let time = START;
beforeAll(async () => {
  const app = { clientId: 'the-app', clientSecret: 'secret' };
  shopify = await startShopify({ shop: SHOP, app: () => app, token: 'shpat_1', now: () => time });
});
afterAll(() => shopify.close());
afterEach(() => {
  shopify.behave();
});

/** Calls on one way out, one after another. */
function caller() {
  const egress = createEgress(
    { standIns: new Map([[SHOP, shopify.port]]) },
    { now: () => time, random: () => 0 },
  );
  const Answer = z.object({ shop: z.object({ currencyCode: z.string() }) });
  return (query = '{ shop { currencyCode } }', token = 'shpat_1') =>
    callShopify(egress, { shop: SHOP, token }, { query, variables: {}, answer: Answer });
}

describe('a call of Shopify’s GraphQL', () => {
  it('is told by an error within a success that the bucket is empty, and lets nothing out until it is filled', async () => {
    const call = caller();
    shopify.misbehave({ times: 1, does: { throttled: true } });
    // It asked for 1000, of which 100 come back in a second.
    await expect(call()).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAt: START + 10_000 });
    const { length } = shopify.calls;
    time = START + 9_999;
    await expect(call()).rejects.toMatchObject({ code: 'RATE_LIMITED', retryAt: START + 10_000 });
    expect(shopify.calls).toHaveLength(length);
    time = START + 10_000;
    expect(await call()).toEqual({ shop: { currencyCode: 'USD' } });
  });

  it.each([
    ['THROTTLED', 'RATE_LIMITED'],
    ['ACCESS_DENIED', 'REFUSED_CREDENTIALS'],
    ['INTERNAL_SERVER_ERROR', 'UNAVAILABLE'],
    ['undefinedField', 'REFUSED'],
  ])('that has an error %s and no data fails as %s', async (code, as) => {
    const body = { errors: [{ message: 'In the shop’s words', extensions: { code } }] };
    shopify.misbehave({ times: 1, does: { answer: { status: 200, body } } });
    await expect(caller()()).rejects.toMatchObject({ code: as, final: as === 'REFUSED' });
  });

  it('fails by what its status says, and by an answer that can not be read', async () => {
    await expect(caller()(undefined, 'wrong')).rejects.toMatchObject({ code: 'REFUSED_CREDENTIALS' });
    for (const body of [{}, { data: null }, { data: { shop: 'closed' } }, 'text']) {
      shopify.misbehave({ times: 1, does: { answer: { status: 200, body } } });
      await expect(caller()()).rejects.toMatchObject({ code: 'BAD_ANSWER' });
    }
  });
});
