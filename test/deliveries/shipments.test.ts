import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SHOP_PLATFORMS } from '../../shared/domain/delivery.ts';
import { log } from '../orders/trading.ts';
import { eventually } from '../support/market.ts';
import { deliveriesOf, failing, settled, ship, type Shops, soldIn, startShops } from './shops.ts';

let shops: Shops;
beforeAll(async () => {
  shops = await startShops();
});
afterAll(() => shops.stop());
beforeEach(() => {
  for (const { standIn } of Object.values(shops.of)) standIn.behave();
});

const PARCEL = { carrier: 'DHL', trackingNumbers: ['JD0001'], trackingUrls: ['https://dhl.example/JD0001'] };

describe.each(SHOP_PLATFORMS)('a supplier’s shipment, in the retailer’s shop at %s', (platform) => {
  it('is a fulfilment there with carrier and tracking, and its tracking can be corrected', async () => {
    const { market } = shops;
    const { shipped } = shops.of[platform];
    const { own, supply, externalId, connectionId } = await soldIn(shops, platform);
    const id = await ship(market.supplier, supply.id, PARCEL);
    await settled(market, market.retailer.companyId, own.id);
    expect(shipped(externalId)).toMatchObject([{ carrier: 'dhl', numbers: ['JD0001'] }]);

    const path = `/v1/orders/${supply.id}/fulfilments/${id}`;
    const corrected = await market.supplier.call('PATCH', path, { body: { trackingNumbers: ['JD0002'] } });
    expect(corrected.status).toBe(200);
    await eventually(() => {
      expect(shipped(externalId)).toMatchObject([{ carrier: 'dhl', numbers: ['JD0002'] }]);
    });
    const mine = await settled(market, market.retailer.companyId, own.id);
    expect(mine.map(({ kind, target }) => [kind, target.id])).toEqual([
      ['shipment', connectionId],
      ['tracking', connectionId],
    ]);

    // Each was opened by the machine, for this delivery, and the merchant can read so.
    const opened = (await log(market.retailer, own.id)).filter(({ actor }) => actor.type === 'system');
    const facts = mine.map((each) => ({
      deliveryId: each.id,
      connectionId,
      fulfilmentId: id,
      orderId: own.id,
    }));
    expect(opened.filter(({ action }) => action === 'order.opened').map((entry) => entry.facts)).toEqual(
      facts,
    );
    expect((await log(market.retailer, mine[0]?.id ?? '')).map(({ action }) => action)).toEqual([
      'delivery.sent',
    ]);
  });

  it('is made once and never lost, whatever becomes of the calls', async () => {
    const { market } = shops;
    const { standIn, shipped } = shops.of[platform];
    const { companyId } = market.retailer;
    const { own, supply, externalId } = await soldIn(shops, platform);
    standIn.misbehave({ times: 1, does: failing(500, { 'Retry-After': '60' }) });
    standIn.misbehave({ times: 1, does: failing(429, { 'Retry-After': '60' }) });
    // The making itself is too much for once; then one call is cut before the work, and one after it: its answer is lost.
    for (const does of [{ throttled: true }, { drop: true }, { lost: true }] as const)
      standIn.misbehave({ times: 1, making: true, does });
    await ship(market.supplier, supply.id, PARCEL);
    const codes: (string | null)[] = [];
    const attempts: number[] = [];
    for (let round = 1; round <= 6; round += 1) {
      const [mine] = await eventually(async () => {
        const some = (await deliveriesOf(market, companyId)).filter((each) => each.orderId === own.id);
        // Each round is one attempt, and one that was over.
        expect(some[0]?.lastAttemptAt).not.toBeNull();
        expect(some[0]?.claimedUntil).toBeNull();
        expect(some[0]?.updatedAt).not.toBe(codes.length === 0 ? '' : seen);
        return some;
      });
      seen = mine?.updatedAt ?? '';
      codes.push(mine?.lastCode ?? null);
      attempts.push(mine?.attempts ?? 0);
      if (mine?.state === 'done') break;
      await market.cloud.clock.advance(20 * 60_000);
    }
    const limited = ['RATE_LIMITED', 'RATE_LIMITED'];
    expect(codes).toEqual(['UNAVAILABLE', ...limited, 'UNREACHABLE', 'UNREACHABLE', null]);
    // To be asked to wait is no failure.
    expect(attempts).toEqual([1, 1, 1, 2, 3, 4]);
    expect(shipped(externalId)).toHaveLength(1);
    expect(shipped(externalId)).toMatchObject([{ carrier: 'dhl', numbers: ['JD0001'] }]);
  });
});

let seen = '';

describe('what is kept of deliveries', () => {
  it('holds no tracking, no credential and no word of a shop: documents, log lines and the merchant’s log', async () => {
    const { market, woo, big, shopify } = shops;
    const deliveries = await deliveriesOf(market, market.retailer.companyId);
    const entries = await market.retailer.call('GET', '/v1/audit?limit=100');
    expect(deliveries.length).toBeGreaterThan(6);
    const kept = [JSON.stringify(deliveries), entries.text, ...market.cloud.lines].join('\n');
    expect(kept).toContain('delivery.sent');
    const credentials = [woo.consumerKey, woo.consumerSecret, big.token, big.clientSecret, shopify.token];
    for (const secret of ['JD0001', 'JD0002', 'dhl.example', ...credentials, 'canary-of-the-shop']) {
      expect(kept).not.toContain(secret);
    }
  });
});
