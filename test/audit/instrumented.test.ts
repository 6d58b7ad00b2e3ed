import type { Firestore } from '@google-cloud/firestore';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig } from '../../shared/cloud/config.ts';
import { openFirestore, paths } from '../../shared/cloud/firestore.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { storeApiKey } from '../../shared/http/authenticate.ts';
import { read, trade } from '../orders/trading.ts';
import { type Market, startMarket } from '../support/market.ts';

let market: Market;
let stopped = false;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(async () => {
  if (!stopped) await market.cloud.stop();
});

it('no address is opened without an entry before the answer', async () => {
  const { own } = await trade(market);
  const written: string[] = [];
  const stop = market.cloud.doors.orders.observe((writes) => {
    written.push(...writes.map(({ path }) => path));
  });
  await read(market.retailer, own.id);
  stop();
  expect(written).toContainEqual(expect.stringMatching(`^companies/${market.retailer.companyId}/audit/`));
});

it('whoever is refused the log is in it', async () => {
  const { companyId } = market.retailer;
  const key = { companyId, mode: 'test', name: 'No log', scopes: ['orders:read'], expiresAt: null } as const;
  const { apiKey, keyId } = await storeApiKey(market.seed.db, key, Date.now);
  expect((await market.retailer.call('GET', '/v1/audit/checkpoints', { apiKey })).status).toBe(403);
  const asked = await market.retailer.call('GET', `/v1/audit?actor=${keyId}`);
  const facts = { code: 'FORBIDDEN', scope: 'audit:read' };
  expect((asked.json as { data: object[] }).data).toMatchObject([{ action: 'access.refused', facts }]);
});

it('a cloud in which something was changed or opened without an entry fails its test file when it stops', async () => {
  const { companyId } = market.retailer;
  const { own } = await trade(market);
  const other = await trade(market);
  const [orders, exporting] = (['orders', 'export'] as const).map((name) =>
    openFirestore(readConfig(market.cloud.envOf(name)), '(default)'),
  ) as [Firestore, Firestore];
  await orders.doc(paths.order(companyId, own.id)).update({ 'totals.total': 1 });
  // An entry of an order is none of another.
  const entry = { action: 'order.opened', record: { type: 'order', id: own.id }, facts: {} };
  await orders.doc(paths.auditEntry(companyId, randomId('audit'))).create(entry);
  await orders.doc(paths.sealed(other.own.id)).get();
  await orders.runTransaction((tx) => tx.get(orders.doc(paths.sealed(own.id))));
  await orders.collection('sealed').select('companyId').get();
  await exporting.doc(paths.sealed(own.id)).get();
  await Promise.all([orders.terminate(), exporting.terminate()]);
  stopped = true;
  const opened = ['export sealed', 'orders sealed', 'orders sealed, in a change'].join('; ');
  await expect(market.cloud.stop()).rejects.toThrow(
    new RegExp(`^Changed .* log: orders update orders totals\nOpened .* log: ${opened}$`),
  );
});
