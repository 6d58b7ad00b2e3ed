import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Both, opens } from '../privacy/trade.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { type Market, startMarket } from '../support/market.ts';
import { backupsOf, HOUR, MINUTE, traded } from './backups-fixture.ts';
import { census, newVersion, rewrap } from './keys-fixture.ts';

let cloud: TestCloud;
let market: Market;
let both: Both;
beforeAll(async () => {
  cloud = await testCloud({ asleep: [] });
  market = await startMarket(cloud);
  both = await traded(market);
});
afterAll(async () => {
  await cloud.stop();
});

describe('a new version of the KMS key', () => {
  it('wraps every company key after a run, while orders come in and open, and the old one can go when no backup needs it', async () => {
    const backups = backupsOf(cloud);
    await backups.make();
    await backups.tick('offsite-copy');
    const version = await newVersion(cloud);
    const [said, during] = await Promise.all([rewrap(cloud, 'rewrap'), traded(market)]);
    expect(said).toContain(`cryptoKeyVersions/${String(version)}: 3 of 3 documents anew`);
    expect(said).toContain('cryptoKeyVersions/1: 0 live, 3 in backups; needed');
    expect(await rewrap(cloud, 'rewrap')).toContain('0 of 3 documents anew');
    // Nothing is in memory any more.
    await cloud.clock.advance(2 * HOUR);
    for (const each of [both, during]) {
      expect(await opens(market.retailer, each.orderId)).toBe(true);
      expect(await opens(market.supplier, each.supplyOrderId)).toBe(true);
    }
    // What was planned meanwhile is not known yet, so nothing may go.
    expect((await census(cloud))['1']).toMatchObject({ live: 0, zeroSince: null });
    await backups.make();
    await cloud.clock.advance(24 * HOUR);
    await backups.make();
    await backups.tick('offsite-purge');
    expect((await census(cloud))['1']).toMatchObject({ live: 0, backups: 0, mayBeDestroyed: false });
    await cloud.clock.advance(16 * MINUTE);
    await backups.until('good');
    expect(await census(cloud)).toMatchObject({
      '1': { mayBeDestroyed: true },
      '2': { live: 3, mayBeDestroyed: false },
    });
  }, 120_000);
});
