import { afterAll, beforeAll, expect, it } from 'vitest';
import { clearDatabase } from '../../local/firestore-export.ts';
import { type Both, opens, routed } from '../privacy/trade.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { eventually, type Market, startMarket } from '../support/market.ts';
import { backupsOf, restoreCommand, traded } from './backups-fixture.ts';

let cloud: TestCloud;
let market: Market;
let backups: ReturnType<typeof backupsOf>;
let kept: Both;
let id: string;
beforeAll(async () => {
  cloud = await testCloud({ asleep: [] });
  market = await startMarket(cloud);
  backups = backupsOf(cloud);
  kept = await traded(market);
  id = await backups.make();
}, 240_000);
afterAll(() => cloud.stop());

it('of a lost keyring removes the orders since, which their shops send again', async () => {
  const payload = market.order();
  await market.send(payload);
  const since = await routed(market, await market.idOf(payload.id));
  const keyring = `projects/${cloud.projectId}/databases/keyring`;
  await clearDatabase(cloud.emulators.firestore.address, keyring);
  const said = await restoreCommand(cloud, id, '--into', '(default)', '--only', 'keyring');
  expect(said).toContain('Removed, since nobody can open them: 1 orders.');
  expect(await opens(market.retailer, kept.orderId)).toBe(true);
  expect((await market.retailer.call('GET', `/v1/orders/${since.orderId}`)).status).toBe(404);
  expect((await market.supplier.call('GET', `/v1/orders/${since.supplyOrderId}`)).status).toBe(404);
  await market.send(payload);
  await eventually(async () => {
    expect(await opens(market.supplier, since.supplyOrderId)).toBe(true);
  });
}, 240_000);
