import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Webhook } from 'standardwebhooks';
import { MOST_ATTEMPTS } from '../../shared/deliveries/delivery-store.ts';
import { backoff } from '../../shared/deliveries/deliver.ts';
import type { EventType } from '../../shared/domain/delivery.ts';
import { act, log, trade } from '../orders/trading.ts';
import { eventually, type Merchant } from '../support/market.ts';
import { noticed, deliveriesOf, failing, settled, ship, type Shops, startShops } from './shops.ts';

let shops: Shops;
beforeAll(async () => {
  shops = await startShops();
});
afterAll(() => shops.stop());
beforeEach(async () => {
  const { market, endpoint } = shops;
  endpoint.behave();
  endpoint.told.length = 0;
  for (const who of [market.retailer, market.supplier]) {
    const listed = await who.call('GET', '/v1/endpoints');
    for (const { id } of (listed.json as { data: { id: string }[] }).data)
      await who.call('DELETE', `/v1/endpoints/${id}`);
  }
});

const URL = 'https://erp.merchant.com/hook?key=in-the-address';

async function listen(who: Merchant, events?: EventType[]): Promise<{ id: string; secret: string }> {
  const answer = await who.call('POST', '/v1/endpoints', { body: { url: URL, ...(events && { events }) } });
  expect(answer.status).toBe(201);
  await noticed(shops.market);
  return answer.json as { id: string; secret: string };
}

describe('a merchant’s own endpoint', () => {
  it('is told of each step in order, signed so that the published library takes it, and without the consumer', async () => {
    const { market, endpoint } = shops;
    const retailer = await listen(market.retailer);
    const { own, supply } = await trade(market);
    const fulfilmentId = await ship(market.supplier, supply.id, {
      carrier: 'DHL',
      trackingNumbers: ['TRACK-CANARY'],
    });
    await act(market.retailer, own.id, 'cancel');
    await told(own.id);

    const webhook = new Webhook(retailer.secret);
    const events = endpoint.told.map(({ headers, text }) =>
      webhook.verify(text, headers as Record<string, string>),
    );
    const types = (events as { type: string }[]).map(({ type }) => type);
    expect(types).toEqual(['order.routed', 'shipment.created', 'order.cancelled']);
    expect(events[1]).toMatchObject({
      data: { orderId: own.id, fulfilment: { id: fulfilmentId, carrier: 'dhl' } },
    });
    const text = endpoint.told.map((each) => `${JSON.stringify(each.headers)} ${each.text}`).join('\n');
    const { firstName, lastName, streetAddress, postalCode } = own.shipTo ?? {};
    for (const secret of [firstName, lastName, streetAddress, postalCode, 'TRACK-CANARY', own.code]) {
      expect(secret).toBeTruthy();
      expect(text).not.toContain(JSON.stringify(secret).slice(1, -1));
    }
  });

  it('is told only what it asked for, and the supplier of what is the supplier’s', async () => {
    const { market, endpoint } = shops;
    await listen(market.supplier, ['order.assigned']);
    await listen(market.retailer, ['order.declined']);
    const { own, supply } = await trade(market);
    await act(market.supplier, supply.id, 'decline');
    await told(own.id);
    await settled(market, market.supplier.companyId, supply.id);
    const seen = endpoint.told.map(({ json }) => json as { type: string; data: { orderId: string } });
    expect(seen.map(({ type, data }) => [type, data.orderId])).toEqual([
      ['order.assigned', supply.id],
      ['order.declined', own.id],
    ]);
  });

  it('gets a repeat under the same id, and nothing younger of an order before it', async () => {
    const { market, endpoint } = shops;
    await listen(market.retailer);
    // The first one is taken, and its answer is lost.
    endpoint.misbehave({ times: 1, does: { lost: true } });
    const { own, supply } = await trade(market);
    await told(own.id, ['failed']);
    await ship(market.supplier, supply.id, {});
    await market.cloud.clock.advance(60_000);
    await told(own.id);
    const ids = endpoint.told.map(({ headers }) => headers['webhook-id']);
    const types = endpoint.told.map(({ json }) => (json as { type: string }).type);
    expect(types).toEqual(['order.routed', 'order.routed', 'shipment.created']);
    expect(ids[0]).toBe(ids[1]);
  });

  it('that takes longer than a run may is told again, once, and the run that comes back late changes nothing', async () => {
    const { market, endpoint } = shops;
    await listen(market.retailer, ['order.routed']);
    const { promise: answers, resolve } = Promise.withResolvers<undefined>();
    endpoint.misbehave({ times: 1, does: { meanwhile: () => answers } });
    const { own } = await trade(market);
    await eventually(() => {
      expect(endpoint.told).toHaveLength(1);
    });
    await market.cloud.clock.advance(4 * 60_000);
    const [delivery] = await told(own.id);
    const sent = (): number => market.cloud.lines.filter((line) => line.includes('delivery.sent')).length;
    const before = sent();
    resolve(undefined);
    await eventually(() => {
      expect(sent()).toBe(before + 1);
    });
    expect(await of(own.id)).toEqual(delivery);
    expect((await log(market.retailer, delivery?.id ?? '')).map(({ action }) => action)).toEqual([
      'delivery.sent',
    ]);
  });

  it('that answers 410 is told nothing any more', async () => {
    const { market, endpoint } = shops;
    const { id } = await listen(market.retailer);
    endpoint.misbehave({ times: 1, does: failing(410) });
    const { own } = await trade(market);
    const [delivery] = await told(own.id, ['dead']);
    expect(delivery?.lastCode).toBe('NOT_CONNECTED');
    const listed = await market.retailer.call('GET', '/v1/endpoints');
    expect(listed.json).toMatchObject({ data: [{ id, url: URL, state: 'gone' }] });
    const log = await market.retailer.call('GET', '/v1/audit?action=endpoint.gone');
    expect(log.json).toMatchObject({ data: [{ record: { type: 'endpoint', id }, result: 'done' }] });
  });

  it.each([
    'http://erp.merchant.com/',
    'https://127.0.0.1/',
    'https://metadata.google.internal/',
    'https://hub/',
  ])('is not taken at %s', async (url) => {
    const answer = await shops.market.retailer.call('POST', '/v1/endpoints', { body: { url } });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ code: 'BAD_REQUEST', errors: [{ path: 'url' }] });
  });

  it('is one of at most ten, has its address and secret sealed, and shows the secret once', async () => {
    const { market } = shops;
    const { id, secret } = await listen(market.retailer);
    const path = `companies/${market.retailer.companyId}/endpoints/${id}`;
    const stored = JSON.stringify((await market.seed.db.doc(path).get()).data());
    expect(stored).not.toContain('in-the-address');
    expect((await market.retailer.call('GET', '/v1/endpoints')).text).not.toContain(secret);
    for (let count = 1; count < 10; count += 1) await listen(market.retailer);
    const eleventh = await market.retailer.call('POST', '/v1/endpoints', { body: { url: URL } });
    expect(eleventh.json).toMatchObject({ status: 409, code: 'CONFLICT' });
    expect((await log(market.retailer, id)).map(({ action }) => action)).toEqual(['endpoint.created']);
  });
});

describe('a delivery that can not be made', () => {
  it('is tried for a day and a half, is then shown as dead, and goes out when its merchant sends it again', async () => {
    const { market, endpoint } = shops;
    await listen(market.retailer, ['order.routed']);
    endpoint.misbehave({ times: MOST_ATTEMPTS, does: failing(500) });
    const { own } = await trade(market);
    for (let attempt = 1; attempt < MOST_ATTEMPTS; attempt += 1) {
      const [mine] = await told(own.id, ['failed']);
      expect(mine?.attempts).toBe(attempt);
      await market.cloud.clock.advance(8 * 60 * 60_000);
      await eventually(async () => {
        expect((await of(own.id))?.attempts).toBe(attempt + 1);
      });
    }
    await told(own.id, ['dead']);
    const listed = await market.retailer.call('GET', `/v1/deliveries?state=dead&orderId=${own.id}`);
    const [dead] = (listed.json as { data: { id: string; lastCode: string }[] }).data;
    expect(dead).toMatchObject({
      kind: 'event',
      event: 'order.routed',
      lastCode: 'UNAVAILABLE',
      state: 'dead',
    });
    expect(endpoint.told).toEqual([]);

    const again = await market.retailer.call('POST', `/v1/deliveries/${dead?.id}/retry`);
    expect(again.json).toMatchObject({ state: 'pending', attempts: 0 });
    await told(own.id);
    expect(endpoint.told).toHaveLength(1);
    const twice = await market.retailer.call('POST', `/v1/deliveries/${dead?.id}/retry`);
    expect(twice.json).toMatchObject({ status: 409, code: 'DELIVERY_NOT_DEAD' });
    const actions = (await log(market.retailer, dead?.id ?? '')).map(({ action }) => action);
    expect(actions).toEqual(['delivery.given_up', 'delivery.retried', 'delivery.sent']);
  });

  it('waits longer each time, within bounds and never all at once', () => {
    const waits = Array.from({ length: MOST_ATTEMPTS }, (_, place) => backoff(place + 1, () => 0.5) / 1000);
    expect(waits.slice(0, 5)).toEqual([30, 90, 270, 810, 2430]);
    expect(Math.max(...waits)).toBe(6 * 60 * 60);
    expect([backoff(1, () => 0), backoff(1, () => 0.999)]).toEqual([22_500, 37_485]);
  });
});

/** Waits until the retailer's endpoints were told of an order; what its shop is told is tested elsewhere. */
function told(orderId: string, states?: string[]) {
  return settled(shops.market, shops.market.retailer.companyId, orderId, states, ['event']);
}

async function of(orderId: string) {
  const all = await deliveriesOf(shops.market, shops.market.retailer.companyId);
  return all.find((each) => each.orderId === orderId && each.kind === 'event');
}
