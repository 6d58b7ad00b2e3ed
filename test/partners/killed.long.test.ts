import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { paths } from '../../shared/cloud/firestore.ts';
import { callsDuring, eachChange, killedAt } from '../crash/kill-point.ts';
import { testCloud } from '../support/cloud.ts';
import { type Answer, eventually, type Market, type Merchant, startMarket } from '../support/market.ts';
import { linksIn } from './trading-companies.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket(await testCloud({ apart: ['partners'] }));
});
afterAll(() => market.cloud.stop());

describe('killed at each change and asked again', { timeout: 120_000 }, () => {
  /** What a merchant does with an answer of 500 or more, or none. */
  const asked = (who: Merchant, path: string, body: object, headers = {}): Promise<Answer> =>
    eventually(async () => {
      const answer = await who.call('POST', path, { body, headers });
      expect(answer.status).toBeLessThan(500);
      return answer;
    }, 120_000);
  const email = () => market.demo.supplier.email;
  const documents = async ({ companyId }: Merchant) => {
    const found = await market.seed.db.collection(paths.partners(companyId)).get();
    return found.docs.filter((doc) => doc.get('state') !== 'ended').map((doc) => doc.get('state') as string);
  };
  const entries = async (who: Merchant, action: string) =>
    ((await who.call('GET', `/v1/audit?limit=100&action=${action}`)).json as { data: object[] }).data.length;

  it('an invitation is made once, and its acceptance connects once, on both sides', async () => {
    const { retailer, supplier, cloud } = market;
    // Of this direction there is one at most.
    expect((await retailer.call('POST', `/v1/partners/${market.demo.partnerId}/end`)).status).toBe(200);
    let round = 0;
    let partnerId = '';
    const invite = async () => {
      const headers = { 'Idempotency-Key': `round-${round}` };
      const made = await asked(retailer, '/v1/partners', { email: email(), role: 'supplier' }, headers);
      expect(made.status).toBe(201);
      partnerId = (made.json as { id: string }).id;
    };
    const accept = async () => {
      const token = (await linksIn(cloud.mailDir, email())).at(-1)?.token;
      const answer = await asked(supplier, `/v1/partners/${partnerId}/accept`, { token });
      expect(answer.json).toMatchObject({ state: 'active' });
    };
    const end = () => asked(retailer, `/v1/partners/${partnerId}/end`, {});
    /** Five letters a day go to one address. */
    const nextDay = async () => {
      round += 1;
      await cloud.clock.advance(24 * 60 * 60_000);
    };
    const inviting = eachChange(await callsDuring(cloud, 'partners', invite));
    const accepting = eachChange(await callsDuring(cloud, 'partners', accept));
    expect(Math.min(inviting.length, accepting.length)).toBeGreaterThan(0);
    await end();
    for (const points of inviting) {
      await nextDay();
      const before = await entries(retailer, 'partner.invited');
      await killedAt(cloud, 'partners', points, invite);
      expect(await documents(retailer), points[0]?.title).toEqual(['invited']);
      expect(await entries(retailer, 'partner.invited')).toBe(before + 1);
      await end();
    }
    for (const points of accepting) {
      await nextDay();
      await invite();
      const before = await entries(supplier, 'partner.connected');
      await killedAt(cloud, 'partners', points, accept);
      expect([await documents(retailer), await documents(supplier)]).toEqual([['active'], ['active']]);
      expect(await entries(supplier, 'partner.connected')).toBe(before + 1);
      expect(await entries(retailer, 'partner.connected')).toBe(before + 1);
      await end();
    }
  });
});
