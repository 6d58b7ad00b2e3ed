import { expect } from 'vitest';
import { DAY } from '../accounts/people.ts';
import { eventually, type Market } from '../support/market.ts';
import { putOnFile, readyToBill, shippedOrder, storeOrders } from './random-run.ts';

/** Has an order charged, asks for charges and statements in every way, and loses the card in the end. */
export async function everyBillingQuery(market: Market): Promise<void> {
  const { cloud, supplier, demo } = market;
  const account = await readyToBill(market, 'pm_card_visa');
  for (let charges = 1; charges <= 2; charges += 1) {
    await storeOrders(market, [shippedOrder(market, 100, 1)]);
    await cloud.clock.advance(DAY);
    expect(await cloud.clock.tick('bill')).toBe(204);
    await eventually(async () => {
      const paid = await supplier.call('GET', '/v1/billing/charges?state=succeeded');
      expect((paid.json as { data: unknown[] }).data).toHaveLength(charges);
    });
  }
  const filters = [`partner=${demo.partnerId}`, 'state=succeeded', 'from=2020-01-01', 'to=2999-01-01'];
  const some = filters.reduce<string[]>(
    (all, each) => [...all, ...all.map((other) => `${other}&${each}`)],
    [''],
  );
  const statements = some.filter((each) => !each.includes('state='));
  const lists = [
    ...some.map((each) => `/v1/billing/charges?limit=1${each}`),
    ...statements.map((each) => `/v1/billing/statements?limit=1${each}`),
  ];
  for (const path of lists) {
    const page = await supplier.call('GET', path);
    expect(page.status, path).toBe(200);
    const { next } = page.json as { next: string };
    expect((await supplier.call('GET', `${path}&after=${encodeURIComponent(next)}`)).status, path).toBe(200);
  }
  await putOnFile(market, 'pm_card_mastercard');
  const method = cloud.stripe.all(account, 'payment_method').at(-1)?.id ?? '';
  const detached = await fetch(`${cloud.stripe.url}/v1/payment_methods/${method}/detach`, {
    method: 'POST',
    headers: { Authorization: 'Bearer sk_test_standin', 'Stripe-Account': account },
  });
  expect(detached.status).toBe(200);
  await eventually(async () => {
    const shown = await supplier.call('GET', `/v1/billing/cards?partner=${demo.partnerId}`);
    expect((shown.json as { card: { brand: string } | null }).card?.brand).not.toBe('mastercard');
  });
}
