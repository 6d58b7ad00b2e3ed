import { expect } from 'vitest';
import type { Fault } from '../../local/door/faults.ts';
import { sendShopifyOrder } from '../../local/shops/shopify.ts';
import { standardHeaders } from '../../local/shops/standard.ts';
import type { ShipTo } from '../../shared/domain/order.ts';
import { eventually, type Market, type Merchant } from '../support/market.ts';
import type { Canaries } from './canary.ts';
import { cancellation, shopifyOrder } from './plant.ts';
import { besideData, newAddress, ownForm, standardData } from './plant-own.ts';
import type { OrderSeen, Seen, Wire } from './wire.ts';

/** gRPC: neither is tried again by the clients. */
const INVALID_ARGUMENT = 3;
const INTERNAL = 13;

interface Both {
  orderId: string;
  supplyId: string;
}

/** The ways that an order can take, each step of them with canaries in all that is sent. */
export function journey(market: Market, wire: Wire, c: Canaries) {
  const { retailer, supplier, cloud } = market;
  const { shopify, standard } = market.demo.connections;

  const deliver = async (payload: Record<string, unknown>, topic = 'orders/create'): Promise<number> => {
    const body = JSON.stringify(payload);
    const send: typeof fetch = async (_url, init) => {
      const status = await wire.send(`Shopify ${topic}`, shopify.url, init);
      return new Response(null, { status });
    };
    return (await sendShopifyOrder({ ...shopify, topic, body, fetch: send })).status;
  };
  const deliverEvent = async (type: string, data: unknown): Promise<number> => {
    const body = JSON.stringify({
      type,
      timestamp: new Date(cloud.clock.now()).toISOString(),
      data,
      ...besideData(c, type),
    });
    const { secret, privateKey } = standard;
    const headers = standardHeaders({
      body,
      secrets: [secret],
      privateKeys: [privateKey],
      at: cloud.clock.now(),
    });
    return await wire.send(`event ${type}`, standard.url, { method: 'POST', body, headers });
  };
  const ok = async (
    merchant: Merchant,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Seen<OrderSeen>> => {
    const answer = await wire.call(merchant, method, path, body === undefined ? {} : { body });
    expect([path, answer.status, answer.status < 300 ? '' : answer.text]).toEqual([path, answer.status, '']);
    return answer;
  };
  /** Waits until the list shows the order as it should be; answers it. */
  const listed = (merchant: Merchant, code: string, wanted: object): Promise<OrderSeen> =>
    eventually(async () => {
      const path = `/v1/orders?code=${encodeURIComponent(code)}`;
      const [order] = (await wire.call<{ data: OrderSeen[] }>(merchant, 'GET', path)).json.data;
      expect(order, code).toMatchObject(wanted);
      return order ?? expect.fail();
    });
  const routed = async (code: string): Promise<Both> => {
    const { id: orderId } = await listed(retailer, code, { routing: 'done' });
    const { id: supplyId } = await listed(supplier, code, {});
    return { orderId, supplyId };
  };
  const opensTo = async (both: Both, shipTo: ShipTo, titles: string[]): Promise<void> => {
    const own = await wire.open(retailer, both.orderId);
    expect(own.json.shipTo).toEqual(shipTo);
    expect(own.json.lines[2]?.title).toBe(titles[2]);
    expect((await wire.open(supplier, both.supplyId)).json.shipTo).toEqual(shipTo);
  };
  const lineIds = (answer: Seen<OrderSeen>): string[] => answer.json.lines.map((line) => line.id);
  const fails = (method: string, status: number): Fault => ({
    match: (call) => call.method === method,
    ...{ nth: 1, when: 'before', then: { status } },
  });

  return {
    deliver,

    /** Waits until an order is routed, then opens it on both sides. */
    opensOnBothSides: async (code: string, planted: { shipTo: ShipTo; titles: string[] }): Promise<Both> => {
      const both = await routed(code);
      await opensTo(both, planted.shipTo, planted.titles);
      return both;
    },

    /** Created, updated, shipped in parts with tracking, cancelled in part, returned, archived on both sides. */
    async shopifyWay(): Promise<Both & { externalId: number }> {
      const first = shopifyOrder(c, 'A');
      const payload = market.order({ ...first.payload, name: '#WAY-A' });
      expect(await deliver(payload)).toBe(200);
      const both = await routed('#WAY-A');
      await opensTo(both, first.shipTo, first.titles);

      const second = shopifyOrder(c, 'A updated');
      const later = {
        ...payload,
        ...second.payload,
        updated_at: new Date(cloud.clock.now() + 1000).toISOString(),
      };
      expect(await deliver(later, 'orders/updated')).toBe(200);
      await opensTo(both, second.shipTo, first.titles);

      const ours = lineIds(await wire.open(retailer, both.orderId));
      const theirs = lineIds(await wire.open(supplier, both.supplyId));
      const tracking = (at: string): object => ({
        trackingNumbers: [c.kept(`tracking number ${at}`)],
        trackingUrls: [`https://carrier.example/${c.kept(`tracking URL ${at}`)}`],
      });
      const supply = `/v1/orders/${both.supplyId}`;
      const lines = [{ lineId: theirs[0], quantity: 1 }];
      const made = await ok(supplier, 'POST', `${supply}/fulfilments`, {
        ...tracking('1'),
        carrier: 'UPS',
        lines,
      });
      await ok(supplier, 'PATCH', `${supply}/fulfilments/${made.json.id}`, tracking('corrected'));
      await ok(supplier, 'POST', `${supply}/fulfilments`, tracking('2'));
      const order = `/v1/orders/${both.orderId}`;
      await ok(retailer, 'POST', `${order}/cancel`, { lines: [{ lineId: ours[2], quantity: 1 }] });
      await ok(retailer, 'POST', `${order}/fulfilments`, tracking('3'));
      await ok(retailer, 'POST', `${order}/returns`, { lines: [{ lineId: ours[0], quantity: 1 }] });
      // After shipping an address is not taken any more.
      const third = shopifyOrder(c, 'A after shipping');
      const last = {
        ...payload,
        ...third.payload,
        updated_at: new Date(cloud.clock.now() + 2000).toISOString(),
      };
      expect(await deliver(last, 'orders/updated')).toBe(200);
      const cancelled = { ...last, ...cancellation(c, cloud.clock.now()) };
      expect(await deliver(cancelled, 'orders/cancelled')).toBe(200);
      await opensTo(both, second.shipTo, first.titles);
      await ok(retailer, 'POST', `${order}/archive`);
      return { ...both, externalId: payload.id };
    },

    /** Declined by the supplier, then cancelled by the shop. */
    async standardWay(): Promise<Both> {
      const first = standardData(c, 'B');
      const data = { ...first.payload, externalId: 'way-b', code: '#WAY-B' };
      const at = (later: number): string => new Date(cloud.clock.now() + later).toISOString();
      expect(await deliverEvent('order.created', { ...data, updatedAt: at(0) })).toBe(200);
      const both = await routed('#WAY-B');
      await opensTo(both, first.shipTo, first.titles);
      const second = standardData(c, 'B updated');
      const changed = { ...data, ...second.payload, updatedAt: at(1000) };
      expect(await deliverEvent('order.updated', changed)).toBe(200);
      await opensTo(both, second.shipTo, first.titles);
      const [lineId] = lineIds(await wire.open(supplier, both.supplyId));
      await ok(supplier, 'POST', `/v1/orders/${both.supplyId}/decline`, { lines: [{ lineId }] });
      expect(await deliverEvent('order.cancelled', { ...changed, updatedAt: at(2000) })).toBe(200);
      await listed(retailer, '#WAY-B', { state: 'cancelled' });
      return both;
    },

    /** Made through the API, its address corrected, shipped; both sides archive it. */
    async apiWay(): Promise<Both> {
      const first = ownForm(c, 'C');
      const body = { ...first.payload, externalId: 'way-c', code: '#WAY-C' };
      const create = {
        body,
        headers: { 'Idempotency-Key': `${c.email('C idempotency')} ${c.ip('C idempotency')}` },
      };
      cloud.doors.orders.setFault(fails('Commit', INTERNAL));
      expect((await wire.call(retailer, 'POST', '/v1/orders', create)).status).toBe(500);
      cloud.doors.orders.setFault(null);
      expect((await wire.call(retailer, 'POST', '/v1/orders', create)).status).toBe(201);
      expect((await wire.call(retailer, 'POST', '/v1/orders', create)).status).toBe(201);
      const both = await routed('#WAY-C');
      await opensTo(both, first.shipTo, first.titles);
      const moved = newAddress(c, 'C moved');
      await ok(retailer, 'PATCH', `/v1/orders/${both.orderId}`, { shipTo: moved.typed });
      await opensTo(both, moved.shipTo, first.titles);
      await ok(supplier, 'POST', `/v1/orders/${both.supplyId}/fulfilments`, {});
      await ok(retailer, 'POST', `/v1/orders/${both.orderId}/fulfilments`, {});
      const tooLate = { body: { shipTo: newAddress(c, 'C too late').typed } };
      expect((await wire.call(retailer, 'PATCH', `/v1/orders/${both.orderId}`, tooLate)).status).toBe(409);
      await ok(retailer, 'POST', `/v1/orders/${both.orderId}/archive`);
      await ok(supplier, 'POST', `/v1/orders/${both.supplyId}/archive`);
      return both;
    },

    /** Routing fails until the message is a dead letter; `meanwhile` has the time that takes. Then it is retried. */
    async deadLetterWay(meanwhile: () => Promise<void>): Promise<Both> {
      const planted = shopifyOrder(c, 'D');
      const door = cloud.doors['route-order'];
      let mark = '';
      const always: Fault = {
        ...fails('Commit', INTERNAL),
        match: ({ writes }) => writes?.some(({ path }) => path.endsWith(mark)) === true,
        onHit: () => {
          door.setFault(always);
        },
      };
      door.setFault(always);
      expect(await deliver(market.order({ ...planted.payload, name: '#WAY-D' }))).toBe(200);
      // From now on other orders pass.
      mark = (await listed(retailer, '#WAY-D', { routing: 'pending' })).id;
      await meanwhile();
      await listed(retailer, '#WAY-D', { routing: 'held', held: { code: 'ROUTING_FAILED' } });
      door.setFault(null);
      await ok(retailer, 'POST', `/v1/orders/${mark}/retry`);
      const both = await routed('#WAY-D');
      await opensTo(both, planted.shipTo, planted.titles);
      return both;
    },

    /** Not stored at first, then not published: sent again by the shop, and routed by `sweep`. */
    async lostWay(): Promise<Both> {
      const planted = shopifyOrder(c, 'E');
      const payload = market.order({ ...planted.payload, name: '#WAY-E' });
      const door = cloud.doors.webhooks;
      door.setFault(fails('Commit', INTERNAL));
      expect(await deliver(payload)).toBe(500);
      door.setFault(fails('Publish', INVALID_ARGUMENT));
      expect(await deliver(payload)).toBe(200);
      door.setFault(null);
      await cloud.clock.advance(2 * 60_000);
      const both = await routed('#WAY-E');
      await opensTo(both, planted.shipTo, planted.titles);
      return both;
    },

    /** Nothing but an email, a phone and an IP where the address should be: held, until the merchant has an address. */
    async emptyWay(): Promise<Both> {
      const { payload } = shopifyOrder(c, 'F');
      const nothing = { address1: c.email('F alone'), address2: c.phone('F alone'), city: c.ip('F alone') };
      const address = { ...(payload['shipping_address'] as object), ...nothing };
      const change = { ...payload, name: '#WAY-F', shipping_address: address };
      expect(await deliver(market.order(change))).toBe(200);
      const { id } = await listed(retailer, '#WAY-F', { held: { code: 'ADDRESS_EMPTY' } });
      const moved = newAddress(c, 'F given');
      await ok(retailer, 'PATCH', `/v1/orders/${id}`, { shipTo: moved.typed });
      return await routed('#WAY-F');
    },

    /** Deletes one order by name and the archived rest together; the first attempt of each fails in the middle. */
    async erase(one: string): Promise<void> {
      cloud.doors.erase.setFault({ ...fails('Commit', INTERNAL), nth: 2 });
      const asked = [
        await ok(retailer, 'DELETE', `/v1/orders/${one}`),
        await ok(retailer, 'POST', '/v1/orders/erase-archived'),
        await ok(supplier, 'POST', '/v1/orders/erase-archived'),
      ];
      for (const [place, { json }] of asked.entries()) {
        const merchant = place === 2 ? supplier : retailer;
        await eventually(async () => {
          const { json: erasure } = await wire.call<{ state: string }>(
            merchant,
            'GET',
            `/v1/erasures/${json.id}`,
          );
          expect(erasure.state).toBe('destroyed');
        });
      }
    },
  };
}
