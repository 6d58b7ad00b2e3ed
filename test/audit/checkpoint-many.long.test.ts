import { afterAll, beforeAll, expect, it } from 'vitest';
import { StoredRoot } from '../../shared/audit/tree-documents.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { EMPTY_ROOT } from '../../shared/crypto/merkle.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { type Market, startMarket } from '../support/market.ts';
import { newestRoot, proofsOf, statementOf } from './log-fixture.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

it('puts more companies than one root takes under the next ones of the same tick', async () => {
  const { db } = market.seed;
  const tick = () => market.cloud.clock.tick('checkpoint');
  expect(await tick()).toBe(204);
  const { root: before } = await newestRoot(db);
  const companies = Array.from({ length: 410 }, () => randomId('company'));
  const batch = db.batch();
  for (const companyId of companies) {
    const head = { companyId, size: 1, root: EMPTY_ROOT.toString('base64url'), due: 3 };
    batch.set(db.doc(paths.auditTree(companyId, 'head')), head);
  }
  await batch.commit();
  expect(await tick()).toBe(204);
  const roots = await db.getAll(db.doc(paths.root(before + 1)), db.doc(paths.root(before + 2)));
  const changed = roots.map((root) => StoredRoot.parse(root.data()).changed.length / 64);
  expect(changed).toEqual([400, 10]);
  const last = await newestRoot(db);
  expect(last).toMatchObject({ root: before + 2, published: true });
  expect((await statementOf(market, last.jws)).companies).toBeGreaterThanOrEqual(410);
  expect(await proofsOf(db, companies[0] ?? '')).toHaveLength(1);
});
