import { afterAll, beforeAll, expect, it } from 'vitest';
import { seedCompany } from '../../local/seed.ts';
import { leafHash } from '../../shared/audit/entry.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { growingTree } from '../../verify/merkle.mjs';
import { headOf, newestRoot, proofsOf, statementOf, storedLog, writeEntries } from '../audit/log-fixture.ts';
import { testCloud } from '../support/cloud.ts';
import { eventually, type Market, startMarket } from '../support/market.ts';
import { callsDuring, eachChange, killedAt } from './kill-point.ts';

const DAY = 24 * 60 * 60_000;

let market: Market;
beforeAll(async () => {
  market = await startMarket(await testCloud({ apart: ['checkpoint', 'archive-log'] }));
});
afterAll(() => market.cloud.stop());

/** A log with entries, and the clock that goes on until they are sealed. */
async function freshLog() {
  const companyId = randomId('company');
  await writeEntries(market.seed.db, companyId, 5);
  const run = (): Promise<void> =>
    eventually(async () => {
      await market.cloud.clock.advance(6 * 60_000);
      const sealed = await proofsOf(market.seed.db, companyId);
      expect(sealed).toHaveLength(1);
      expect(await newestRoot(market.seed.db)).toMatchObject({ published: true });
    }, 60_000);
  return { companyId, run };
}

it(
  'killed after each change and run again, a checkpoint seals every entry once',
  { timeout: 180_000 },
  async () => {
    const { cloud, seed } = market;
    await (await freshLog()).run();
    const calls = await callsDuring(cloud, 'checkpoint', (await freshLog()).run);
    const points = eachChange(calls);
    expect(points.length).toBeGreaterThan(4);
    for (const inARow of points) {
      const { companyId, run } = await freshLog();
      await killedAt(cloud, 'checkpoint', inARow, run);
      const where = inARow.map(({ title }) => title).join();
      const log = await storedLog(seed.db, companyId);
      expect(
        log.map(({ index }) => index),
        where,
      ).toEqual([0, 1, 2, 3, 4]);
      const tree = growingTree();
      for (const { entry } of log) tree.add(Buffer.from(leafHash(entry), 'base64url'));
      const head = await headOf(seed.db, companyId);
      expect(head, where).toMatchObject({ size: 5, root: tree.root().toString('base64url') });
      const root = await newestRoot(seed.db);
      expect((await statementOf(market, root.jws)).n, where).toBe(root.root);
    }
  },
);

it(
  'killed after each change and run again, the moving of an old log keeps every entry once',
  { timeout: 180_000 },
  async () => {
    const { cloud, seed } = market;
    const oldLog = async () => {
      const company = await seedCompany('Logs', `${randomId('member')}@logs.example`, seed);
      const entries = await writeEntries(seed.db, company.companyId, 260, () => cloud.clock.now() - 95 * DAY);
      expect(await cloud.clock.tick('checkpoint')).toBe(204);
      const run = (): Promise<void> =>
        eventually(async () => {
          await cloud.clock.advance(DAY).catch(() => undefined);
          expect((await storedLog(seed.db, company.companyId)).length).toBe(0);
          // A tick that was not answered is sent again, also where all was moved by then.
          expect(await cloud.clock.tick('archive-log')).toBe(204);
        }, 60_000);
      return { merchant: market.merchant(company), ids: entries.map(({ id }) => id).sort(), run };
    };
    const calls = await callsDuring(cloud, 'archive-log', (await oldLog()).run);
    const points = eachChange(calls);
    expect(points.length).toBeGreaterThan(5);
    for (const inARow of points) {
      const { merchant, ids, run } = await oldLog();
      await killedAt(cloud, 'archive-log', inARow, run);
      const { text } = await merchant.call('GET', '/v1/audit/export');
      const exported = text
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: string }).id);
      expect(exported.sort(), inARow.map(({ title }) => title).join()).toEqual(ids);
    }
  },
);
