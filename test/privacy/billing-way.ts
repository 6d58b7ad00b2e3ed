import { expect } from 'vitest';
import { signatureOf, thin } from '../../local/stripe/deliver.ts';
import { endpointsOf } from '../../local/stripe/wiring.ts';
import type { Kept } from '../../local/stripe/store.ts';
import { eventually, type Market } from '../support/market.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { shippedOrder, storeOrders } from '../stripe/random-run.ts';
import type { Canaries } from './canary.ts';
import type { Wire } from './wire.ts';

interface Seen {
  state: string;
  refunded: number;
  dispute: string | null;
}

/**
 * An account, cards of people with canaries for all that they type at Stripe, a decline, a payment, a refund and a
 * dispute; then every event that came of it once more, with a canary in each text of its resource.
 */
export async function billingWay(market: Market, wire: Wire, c: Canaries): Promise<void> {
  const { cloud, seed, supplier, retailer, demo } = market;
  const { stripe } = cloud;
  const terms = { priceListId: null, bill: true, shares: { stock: true } };
  for (const { companyId } of [supplier, retailer]) {
    await seed.db.doc(paths.partner(companyId, demo.partnerId)).update({ terms });
  }
  const ask = <T>(who: typeof supplier, method: string, path: string, body?: object) =>
    wire.call<T>(who, method, path, body === undefined ? {} : { body });
  const linked = await ask<{ accountId: string }>(supplier, 'POST', '/v1/billing/account', {});
  const account = linked.json.accountId;
  stripe.finishOnboarding(account);
  await eventually(async () => {
    const seen = await ask<{ state: string }>(supplier, 'GET', '/v1/billing/account');
    expect(seen.json.state).toBe('ready');
  });
  const partner = demo.partnerId;
  const putOnFile = async (card: string): Promise<void> => {
    const ref = seed.db.doc(paths.card(supplier.companyId, partner));
    const page = await ask<{ url: string }>(retailer, 'POST', '/v1/billing/cards', { partner });
    const before = (await ref.get()).get('paymentMethodId') as unknown;
    stripe.completeCheckout(page.json.url, card, {
      ...{ name: c.text(`${card} holder`), email: c.email(`${card} holder`) },
      ...{ phone: c.phone(`${card} holder`), line1: c.text(`${card} street`) },
    });
    await eventually(async () => {
      expect((await ref.get()).get('paymentMethodId')).not.toBe(before);
    });
  };
  const charge = (wanted: object) =>
    eventually(async () => {
      expect(await cloud.clock.tick('bill')).toBe(204);
      await stripe.settled();
      const page = await ask<{ data: (Seen & { id: string })[] }>(retailer, 'GET', '/v1/billing/charges');
      expect(page.json.data[0]).toMatchObject(wanted);
      return page.json.data[0]?.id ?? '';
    });

  await putOnFile('pm_card_chargeDeclined');
  await storeOrders(market, [shippedOrder(market, 500, 2)]);
  // Charges are written once a day: as if today's run was still to come.
  await seed.db.doc(paths.lease('bill')).delete();
  await charge({ state: 'declined' });
  await putOnFile('pm_card_visa');
  const id = await charge({ state: 'succeeded' });
  await ask(retailer, 'GET', `/v1/billing/cards?partner=${partner}`);
  await ask(supplier, 'POST', `/v1/billing/charges/${id}/refunds`, { orderId: c.text('an order to refund') });
  const { json } = await ask<{ orders: { id: string }[] }>(supplier, 'GET', `/v1/billing/charges/${id}`);
  await ask(supplier, 'POST', `/v1/billing/charges/${id}/refunds`, {
    orderId: json.orders[0]?.id,
    amount: 100,
  });
  await charge({ refunded: 100 });
  const paid = stripe.all(account, 'charge').find((each) => each['status'] === 'succeeded');
  stripe.dispute(account, paid?.id ?? '');
  await charge({ dispute: 'open' });
  await ask(supplier, 'GET', '/v1/billing/statements?format=csv');
  await everyEvent(stripe.all(account, 'event'), cloud, wire, c);
}

async function everyEvent(events: Kept[], cloud: Market['cloud'], wire: Wire, c: Canaries): Promise<void> {
  const endpoint = endpointsOf(cloud.baseUrl).find(({ connect }) => connect) ?? expect.fail();
  const send = (payload: object, secret: string): Promise<number> => {
    const body = JSON.stringify(payload);
    const headers = {
      'Content-Type': 'application/json',
      'Stripe-Signature': signatureOf(body, secret, cloud.clock.now()),
    };
    return wire.send('event of Stripe', endpoint.url, { method: 'POST', body, headers });
  };
  const byType = new Map(events.map((event) => [String(event['type']), event]));
  expect(byType.size).toBeGreaterThan(12);
  for (const [type, event] of byType) {
    const { object } = event['data'] as { object: Kept };
    const told = { ...event, id: `${event.id}x`, data: { object: planted(object, type, c) } } as Kept;
    expect([type, await send(told, endpoint.secret)]).toEqual([type, 200]);
    expect([type, await send(told, 'whsec_of_somebody_else')]).toEqual([type, 400]);
    const reason = c.text(`${type}, thin`);
    expect(
      await send(
        { ...thin({ ...event, id: `${event.id}y` }), snapshot_event: null, reason },
        endpoint.secret,
      ),
    ).toBe(200);
  }
}

/** With a canary in place of every text, also where there is none yet, but of the id by which Stripe is asked. */
function planted(resource: Kept, type: string, c: Canaries): object {
  const plant = (value: unknown, place: string): unknown => {
    if (value === null || typeof value === 'string') return c.text(place);
    if (typeof value !== 'object') return value;
    const inner = Object.entries(value).map(
      ([name, each]) => [name, plant(each, `${place} ${name}`)] as const,
    );
    return Array.isArray(value) ? inner.map(([, each]) => each) : Object.fromEntries(inner);
  };
  return { ...(plant(resource, type) as object), id: resource.id };
}
