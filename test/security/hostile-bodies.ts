import fc from 'fast-check';
import type { Market } from '../support/market.ts';
import { type Attack, JSON_TYPE } from './attack.ts';
import { COMPANY_ROUTES, nobodysIds, orderBody, pathWith } from './foreign-routes.ts';
import { nearJson, nearUtf8 } from './hostile-json.ts';

/** Bodies of every route that takes one, for orders that the caller has and for some that it has not. */
export function apiBodies(market: Market, orders: string[]): fc.Arbitrary<Attack> {
  const routes = COMPANY_ROUTES.filter((route) => route.method !== 'GET');
  const order = fc.constantFrom(...orders, ...Array<string>(9).fill(''));
  return fc
    .tuple(fc.constantFrom(...routes), order, who(market), fc.uuid())
    .chain(([route, known, apiKey, externalId]) => {
      const ids = { ...nobodysIds(), ...(known !== '' && { order: known }) };
      const sample = route.template === '/v1/orders' ? orderBody({ externalId }) : (route.body?.(ids) ?? {});
      return nearJson(sample)
        .chain(nearUtf8)
        .map((body) => ({
          to: market.cloud.baseUrl,
          request: {
            method: route.method,
            path: pathWith(route.template, ids),
            headers: { Authorization: `Bearer ${apiKey}`, ...JSON_TYPE },
            body,
          },
        }));
    });
}

function who(market: Market): fc.Arbitrary<string> {
  return fc.constantFrom(market.retailer.apiKey, market.supplier.apiKey);
}

/** What Pub/Sub pushes to functions that the internet does not reach. */
export function pushes(market: Market): fc.Arbitrary<Attack> {
  const { hosts } = market.cloud;
  const { companyId } = market.retailer;
  const messages = [
    { companyId, orderId: nobodysIds().order },
    { companyId, erasureId: nobodysIds().erasure },
  ];
  const targets = [
    [hosts.url('route-order'), '/'],
    [hosts.url('erase'), '/'],
    [hosts.url('sweep'), '/dead-letters'],
  ] as const;
  const data = fc
    .constantFrom(...messages)
    .chain(nearJson)
    .chain(nearUtf8);
  const envelope = data.chain((bytes) =>
    nearJson({
      message: {
        data: bytes.toString('base64'),
        messageId: '1',
        attributes: {},
        publishTime: '2026-01-01T00:00:00Z',
      },
      subscription: 'projects/p/subscriptions/orders-route-order',
      deliveryAttempt: 1,
    }),
  );
  return fc.tuple(fc.constantFrom(...targets), envelope.chain(nearUtf8)).map(([[to, path], body]) => ({
    to,
    request: { method: 'POST', path, headers: { ...JSON_TYPE }, body },
  }));
}
