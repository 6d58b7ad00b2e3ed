import { createLocalJWKSet, compactVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { orderHash } from '../../shared/orders/erasure.ts';
import { type Answer, eventually, type Market, startMarket } from '../support/market.ts';

/** What this test reads of the API's answers; their form is held by the OpenAPI check. */
interface ShownOrder {
  routing: string;
  state: string;
  code: string;
  shipTo: unknown;
  totals: unknown;
  erasedAt: string | null;
  lines: { supplier: string | null }[];
  supplyOrders: [{ id: string }];
  fulfilments: unknown[];
}
interface ShownErasure {
  id: string;
  state: string;
  certificate: string;
}
const orderIn = (answer: Answer): ShownOrder => answer.json as ShownOrder;
const erasureIn = (answer: Answer): ShownErasure => answer.json as ShownErasure;

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

describe("an order's whole path", () => {
  it('goes from a signed webhook to both merchants, is shipped, archived and gone for good', async () => {
    const { retailer, supplier } = market;
    const payload = market.order();
    await market.deliver(payload);
    const orderId = await market.idOf(payload.id);
    const order = await eventually(async () => {
      const answer = await retailer.call('GET', `/v1/orders/${orderId}`);
      expect(orderIn(answer).routing).toBe('done');
      return answer;
    });
    expect(orderIn(order).state).toBe('routed');
    expect(orderIn(order).shipTo).toEqual({
      firstName: 'Test',
      lastName: 'Shopper',
      streetAddress: '12 Sample Street\nApt 3\nSampleton',
      postalCode: '40003',
      region: 'Kentucky',
      country: 'US',
    });
    expect(order.headers.get('audit-entry')).toMatch(/^aud_\w{26}; leaf=[\w-]{43}$/);
    expect(orderIn(order).lines.map((line) => line.supplier)).toEqual([
      market.demo.partnerId,
      market.demo.partnerId,
      null,
    ]);

    const supplyId = orderIn(order).supplyOrders[0].id;
    const supply = await supplier.call('GET', `/v1/orders/${supplyId}`);
    expect(supply.json).toMatchObject({
      source: null,
      partner: market.demo.partnerId,
      code: orderIn(order).code,
    });
    expect(orderIn(supply).shipTo).toEqual(orderIn(order).shipTo);
    expect(orderIn(supply).totals).toMatchObject({ items: 30_500, total: 30_500 });

    const shipped = await supplier.call('POST', `/v1/orders/${supplyId}/fulfilments`, {
      body: { carrier: 'UPS', trackingNumbers: ['1Z999'], trackingUrls: ['https://carrier.example/1Z999'] },
    });
    expect(shipped.status).toBe(201);
    expect((await retailer.call('POST', `/v1/orders/${orderId}/fulfilments`, { body: {} })).status).toBe(201);
    const after = await retailer.call('GET', `/v1/orders/${orderId}`);
    expect(orderIn(after).state).toBe('fulfilled');
    expect(orderIn(after).fulfilments[0]).toMatchObject({ carrier: 'ups', trackingNumbers: ['1Z999'] });

    const refused = await retailer.call('DELETE', `/v1/orders/${orderId}`);
    expect(refused.status).toBe(409);
    expect(refused.json).toMatchObject({ code: 'ORDER_NOT_ARCHIVED' });
    expect((await retailer.call('POST', `/v1/orders/${orderId}/archive`)).status).toBe(200);
    const deleted = await retailer.call('DELETE', `/v1/orders/${orderId}`);
    expect(deleted.status).toBe(202);
    const erasure = await eventually(async () => {
      const answer = await retailer.call('GET', `/v1/erasures/${erasureIn(deleted).id}`);
      expect(erasureIn(answer).state).toBe('destroyed');
      return erasureIn(answer);
    });

    const jwks = await (await fetch(`${market.cloud.baseUrl}/.well-known/jwks.json`)).json();
    const verified = await compactVerify(erasure.certificate, createLocalJWKSet(jwks as never));
    expect(verified.protectedHeader.typ).toBe('strongroom-erasure+jwt');
    const statement = JSON.parse(new TextDecoder().decode(verified.payload)) as Record<string, unknown>;
    expect(statement).toMatchObject({
      jti: erasureIn(deleted).id,
      state: 'destroyed',
      orders: [orderHash(orderId)],
    });

    expect((await retailer.call('GET', `/v1/orders/${orderId}`)).status).toBe(404);
    const left = await supplier.call('GET', `/v1/orders/${supplyId}`);
    expect(left.json).toMatchObject({ shipTo: null, code: '', state: 'fulfilled' });
    expect(orderIn(left).erasedAt).not.toBeNull();
    await market.deliver(payload, 'orders/updated');
    expect((await retailer.call('GET', `/v1/orders/${orderId}`)).status).toBe(404);
  });
});
