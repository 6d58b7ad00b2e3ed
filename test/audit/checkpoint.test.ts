import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sealNew } from '../../shared/audit/checkpoint.ts';
import { hashedCompany, pairOf, split64, withPairs } from '../../shared/audit/companies-tree.ts';
import { continueRoots } from '../../shared/audit/continue-roots.ts';
import { leafHash } from '../../shared/audit/entry.ts';
import { indexEntries } from '../../shared/audit/index-entries.ts';
import { sealRoot } from '../../shared/audit/seal-root.ts';
import type { RootStatement } from '../../shared/audit/tree-documents.ts';
import { createAttest } from '../../shared/cloud/attest.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { openFirestore, paths } from '../../shared/cloud/firestore.ts';
import { createKms } from '../../shared/cloud/kms.ts';
import { createLog } from '../../shared/cloud/log.ts';
import { openWriteOnce } from '../../shared/cloud/write-once.ts';
import { hashLeaf } from '../../shared/crypto/merkle.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { growingTree, inclusionHolds } from '../../verify/merkle.mjs';
import { eventually, type Market, startMarket } from '../support/market.ts';
import { headOf, newestRoot, proofsOf, statementOf, storedLog, writeEntries } from './log-fixture.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket();
});
afterAll(() => market.cloud.stop());

const tick = async (): Promise<void> => {
  expect(await market.cloud.clock.tick('checkpoint')).toBe(204);
};

/** What a checkpoint runs with, as its own function has it, so that several can run at once. */
function ownDeps() {
  const config = readConfig(market.cloud.envOf('checkpoint'));
  const now = Date.now;
  return {
    db: openFirestore(config, '(default)'),
    attest: createAttest({ kms: createKms(config), now }),
    roots: openWriteOnce(config, config.rootsBucket),
    issuer: config.baseUrl,
    log: createLog({ functionName: 'checkpoint', write: (line) => lines.push(line) }),
    now,
  };
}
const lines: string[] = [];

describe('a checkpoint', () => {
  it('gives each entry its index and puts all of them under one signed root', async () => {
    const { db } = market.seed;
    const [one, other] = [randomId('company'), randomId('company')];
    await writeEntries(db, one, 3);
    await writeEntries(db, other, 300);
    await tick();
    for (const companyId of [one, other]) {
      const log = await storedLog(db, companyId);
      expect(log.map(({ index }) => index)).toEqual(log.map((_, at) => at));
      const tree = growingTree();
      for (const { entry } of log) tree.add(Buffer.from(leafHash(entry), 'base64url'));
      const head = await headOf(db, companyId);
      expect(head).toMatchObject({
        size: log.length,
        root: tree.root().toString('base64url'),
      });

      const proof = (await proofsOf(db, companyId)).at(-1) ?? expect.fail();
      const root = await newestRoot(db);
      const statement = await statementOf(market, root.jws);
      expect(proof).toMatchObject({ root: statement.n, size: head.size, head: head.root });
      const own = pairOf(companyId, head);
      expect(split64(proof.bucket)).toContainEqual(own);
      const bucket = growingTree();
      for (const pair of split64(proof.bucket)) bucket.add(hashLeaf(pair));
      const path = Array.from({ length: 16 }, (_, at) => proof.path.subarray(at * 32, at * 32 + 32));
      const index = hashedCompany(companyId).readUInt16BE(0);
      const to = Buffer.from(statement.root, 'base64url');
      expect(inclusionHolds({ index, size: 65_536, leaf: bucket.root(), path, root: to })).toBe(true);
    }
  });

  it('tells of entries about what is promised, by ids alone', async () => {
    const companyId = randomId('company');
    const [opened] = await writeEntries(market.seed.db, companyId, 1);
    const [set] = await writeEntries(market.seed.db, companyId, 1, Date.now, () => ({ action: 'stock.set' }));
    await tick();
    const told = await eventually(() => {
      const found = market.cloud.lines.filter((line) => line.includes(opened?.id ?? ''));
      expect(found).toHaveLength(1);
      return JSON.parse(found[0] ?? '') as object;
    });
    const { id: entryId, requestId, action } = opened ?? expect.fail();
    const recordId = opened?.record.id;
    expect(told).toMatchObject({ event: 'audit.entry', entryId, companyId, action, recordId, requestId });
    expect(market.cloud.lines.join()).not.toContain(set?.id);
  });

  it('signs a root in quiet times too, and reads nothing of companies that are quiet', async () => {
    await tick();
    const { counts } = market.cloud.doors.checkpoint;
    const before = await newestRoot(market.seed.db);
    counts.reset();
    await tick();
    const after = await newestRoot(market.seed.db);
    const statement = await statementOf(market, after.jws);
    expect(statement).toMatchObject({ n: before.root + 1, history: { size: before.root + 1 } });
    expect(after.changed).toHaveLength(0);
    expect(counts.snapshot()).toMatchObject({ kmsCalls: 1 });
    expect(counts.snapshot().reads).toBeLessThan(20);
  });

  it('publishes roots and what changed, from which anybody builds the tree over all companies again', async () => {
    const { storage } = market.cloud;
    const { rootsBucket } = readConfig(market.cloud.envOf('checkpoint'));
    const newest = await newestRoot(market.seed.db);
    const history = growingTree();
    let parts = new Map<string, Buffer>();
    for (let n = 0; n <= newest.root; n += 1) {
      const name = encodeURIComponent(`roots/${String(n).padStart(10, '0')}.json`);
      const url = `${storage.url}/storage/v1/b/${rootsBucket ?? ''}/o/${name}`;
      const published = (await (await fetch(`${url}?alt=media`)).json()) as {
        root: string;
        changed: { company: string; head: string }[];
      };
      const statement = await statementOf(market, published.root);
      const pairs = published.changed.map(({ company, head }) =>
        Buffer.concat([Buffer.from(company, 'base64url'), Buffer.from(head, 'base64url')]),
      );
      const tree = withPairs(parts, pairs);
      parts = new Map([...parts, ...tree.parts]);
      expect(statement).toMatchObject({ n, root: tree.root.toString('base64url') });
      expect(statement.history.root).toBe(history.root().toString('base64url'));
      history.add(hashLeaf(Buffer.from(published.root.split('.')[1] ?? '', 'base64url')));
      // Not even the one that owns the bucket takes a root back.
      expect((await fetch(url, { method: 'DELETE' })).status).toBe(403);
    }
  });

  it('of which two run at once does the same as one', async () => {
    const { db } = market.seed;
    const companies = Array.from({ length: 3 }, () => randomId('company'));
    for (const companyId of companies) await writeEntries(db, companyId, 20);
    await Promise.allSettled([sealNew(ownDeps()), sealNew(ownDeps()), sealNew(ownDeps())]);
    await tick();
    for (const companyId of companies) {
      const log = await storedLog(db, companyId);
      expect(log.map(({ index }) => index)).toEqual(log.map((_, at) => at));
      expect((await proofsOf(db, companyId)).map(({ size }) => size)).toEqual([20]);
    }
    const newest = await newestRoot(db);
    const signed = await Promise.all(
      Array.from(
        { length: newest.root + 1 },
        async (_, n) => (await db.doc(paths.root(n)).get()).get('jws') as string,
      ),
    );
    const statements = await Promise.all(signed.map((jws) => statementOf(market, jws)));
    expect(statements.map(({ n }) => n)).toEqual(statements.map((_, n) => n));
    const times = statements.map(({ at }) => at);
    expect(times.toSorted()).toEqual(times);
  });

  it('that loses its way after any change is gone on with by the next', async () => {
    const { db } = market.seed;
    const door = market.cloud.doors.checkpoint;
    for (let nth = 1, hit = true; hit; nth += 1) {
      hit = false;
      const companyId = randomId('company');
      await writeEntries(db, companyId, 3);
      door.setFault({
        match: ({ method }) => method === 'Commit' || method === 'objects.insert',
        ...{ nth, when: 'after', then: 'cut', onHit: () => (hit = true) },
      });
      await market.cloud.clock.tick('checkpoint');
      door.setFault(null);
      await market.cloud.clock.advance(6 * 60_000);
      await tick();
      const log = await storedLog(db, companyId);
      expect(
        log.map(({ index }) => index),
        `after change ${nth}`,
      ).toEqual([0, 1, 2]);
      expect(
        (await proofsOf(db, companyId)).map(({ size }) => size),
        `after change ${nth}`,
      ).toEqual([3]);
      expect(await newestRoot(db)).toMatchObject({ published: true });
    }
  });

  it('puts who comes late behind what is sealed, whatever time the entry claims', async () => {
    const { db } = market.seed;
    const companyId = randomId('company');
    await writeEntries(db, companyId, 2);
    await tick();
    const sealed = await headOf(db, companyId);
    const [late] = await writeEntries(db, companyId, 1, () => Date.UTC(2020, 0, 1));
    await tick();
    const log = await storedLog(db, companyId);
    expect(log.at(-1)).toMatchObject({ entry: { id: late?.id }, index: 2 });
    const [first] = await proofsOf(db, companyId);
    expect(first).toMatchObject({ size: sealed.size, head: sealed.root });
  });

  describe('after a restore', () => {
    const backup = { id: '20261125T0600Z', snapshotTime: '2026-11-25T06:00:00.000Z' };
    const goOn = async (): Promise<number | undefined> =>
      (await continueRoots(backup, ownDeps())).continuedAs;
    const forked = () => lines.filter((line) => line.includes('checkpoint.forked')).length;

    it('goes on behind a root that the backup had not signed yet, and that was published since', async () => {
      const { db } = market.seed;
      await tick();
      const { root, at, statement, changed } = await newestRoot(db);
      await db.doc(paths.root(root)).set({ root, at, statement, changed, jws: null, published: false });
      expect(await goOn()).toBe(root + 1);
      await sealNew(ownDeps());
      expect(await newestRoot(db)).toMatchObject({ root: root + 2, published: true });
      expect((await db.doc(paths.root(root)).get()).get('published')).toBe(true);
      expect(forked()).toBe(0);
    });

    it('publishes first what the backup had fixed and nobody had published', async () => {
      const { db } = market.seed;
      await tick();
      const { root } = await newestRoot(db);
      await sealRoot(ownDeps());
      expect(await goOn()).toBeUndefined();
      await sealNew(ownDeps());
      expect((await db.doc(paths.root(root + 1)).get()).get('published')).toBe(true);
      expect(await newestRoot(db)).toMatchObject({ root: root + 2, published: true });
      expect(forked()).toBe(0);
    });

    it('is refused and alarms where what was published is not what was restored, or does not follow from it', async () => {
      const { db } = market.seed;
      await tick();
      const stored = await newestRoot(db);
      const ref = db.doc(paths.root(stored.root));
      await ref.update({ statement: stored.statement.replace('"companies":', '"companies":1'), jws: null });
      expect(await goOn()).toBeUndefined();
      await ref.update({ published: false });
      await expect(sealNew(ownDeps())).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(forked()).toBe(1);
      // Nor is it signed: whoever can write here could read the signature, and have two of one number.
      expect((await ref.get()).get('jws')).toBeNull();
      await ref.set(stored);
      // Of a tree of statements that is another one.
      const tile = db.doc(paths.rootTree('history-0.0'));
      const hashes = (await tile.get()).get('hashes') as Buffer;
      await tile.set({ hashes: Buffer.from(hashes).fill(1, 0, 32) });
      expect(await goOn()).toBeUndefined();
      await tile.set({ hashes });
      await tick();
      expect(await newestRoot(db)).toMatchObject({ root: stored.root + 1, published: true });
    });
  });

  it('shows what is published in pages as long as ever while the next root is being signed', async () => {
    const { db } = market.seed;
    const { companyId } = market.retailer;
    const sealed: number[] = [];
    for (let each = 0; each < 3; each += 1) {
      await writeEntries(db, companyId, 1);
      await tick();
      sealed.unshift((await newestRoot(db)).root);
    }
    const [old] = (await storedLog(db, companyId)).slice(-2);
    await writeEntries(db, companyId, 1);
    await indexEntries({ ...ownDeps(), inTime: () => true });
    await sealRoot(ownDeps());
    const list = async (after: string): Promise<{ data: { n: number }[]; next: string | null }> =>
      (await market.retailer.call('GET', `/v1/audit/checkpoints?limit=1${after}`)).json as never;
    const first = await list('');
    expect(first).toMatchObject({ data: [{ n: sealed[0] }], next: String(sealed[0]) });
    expect(await list(`&after=${String(sealed[0])}`)).toMatchObject({ data: [{ n: sealed[1] }] });
    const proof = await market.retailer.call('GET', `/v1/audit/${old?.entry.id ?? ''}/proof`);
    expect(proof).toMatchObject({ status: 200, json: { checkpoint: { n: sealed[0] } } });
    await tick();
  });

  it('signs nothing but the next root, whatever is put in its place', async () => {
    const { db } = market.seed;
    await tick();
    const { root } = await newestRoot(db);
    await sealRoot(ownDeps());
    const ref = db.doc(paths.root(root + 1));
    const { statement } = await newestRoot(db);
    const said = JSON.parse(statement) as RootStatement;
    const forgeries = [
      { ...said, n: root },
      { ...said, n: root + 2 },
      { ...said, history: { ...said.history, size: root } },
      { ...said, at: '2030-01-01T00:00:00.000Z' },
      { ...said, more: true },
      { sub: market.retailer.companyId, state: 'confirmed' },
      null,
    ].map((forgery) => JSON.stringify(forgery));
    for (const forgery of [...forgeries, ` ${statement}`, '']) {
      await ref.update({ statement: forgery });
      await expect(sealNew(ownDeps()), forgery).rejects.toMatchObject({ code: 'CONFLICT' });
      expect((await ref.get()).get('jws'), forgery).toBeNull();
    }
    await ref.update({ statement });
    await tick();
    expect((await ref.get()).get('published')).toBe(true);
  });

  it('that does not come any more is an alarm of sweep', async () => {
    const late = () => market.cloud.lines.filter((line) => line.includes('checkpoint.late')).length;
    await tick();
    const before = late();
    expect(await market.cloud.clock.tick('sweep')).toBe(204);
    expect(late()).toBe(before);
    market.cloud.doors.checkpoint.setFault({ match: () => true, nth: 1, when: 'before', then: 'cut' });
    await market.cloud.clock.advance(16 * 60_000);
    await market.cloud.clock.tick('sweep');
    await eventually(() => {
      expect(late()).toBeGreaterThan(before);
    });
    market.cloud.doors.checkpoint.setFault(null);
  });

  it('alarms about what gets no index, and seals the others', async () => {
    const { db } = market.seed;
    const companyId = randomId('company');
    const [entry] = await writeEntries(db, companyId, 2);
    await db.doc(paths.auditEntry(companyId, entry?.id ?? '')).update({ action: 'order.peeked' });
    await sealNew(ownDeps());
    expect((await headOf(db, companyId)).size).toBe(1);
    expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ severity: 'ALERT', event: 'audit.unsealed', companyId, count: 1 }),
    );
  });
});
