import { randomBytes } from 'node:crypto';
import type { QueryDocumentSnapshot } from '@google-cloud/firestore';
import type { Bucket } from '@google-cloud/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchExport } from '../../infra/export-folder.ts';
import { seedCompany } from '../../local/seed.ts';
import { SCHEDULES } from '../../local/topology.ts';
import type { AuditEntry } from '../../shared/audit/entry.ts';
import { moveLog } from '../../shared/audit/move-log.ts';
import { openSegment, segmentObject, StoredSegment } from '../../shared/audit/segment.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { openFirestore, paths } from '../../shared/cloud/firestore.ts';
import { createLog } from '../../shared/cloud/log.ts';
import { openStorage } from '../../shared/cloud/storage.ts';
import { openWriteOnce } from '../../shared/cloud/write-once.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { verifyLog } from '../../verify/verify.mjs';
import { killedAt } from '../crash/kill-point.ts';
import { failing } from '../orders/trading.ts';
import { testCloud } from '../support/cloud.ts';
import { eventually, type Market, type Merchant, startMarket } from '../support/market.ts';
import { scratchFolder, writeEntries } from './log-fixture.ts';

const DAY = 24 * 60 * 60_000;

let market: Market;
beforeAll(async () => {
  market = await startMarket(
    await testCloud({ apart: ['archive-log'], asleep: SCHEDULES.map(({ name }) => name) }),
  );
});
afterAll(() => market.cloud.stop());

const now = (): number => market.cloud.clock.now();
const tick = async (name: string): Promise<void> => {
  expect(await market.cloud.clock.tick(name)).toBe(204);
};
/** Lets days pass, of which the last one has its walk. */
const pass = async (days: number): Promise<void> => {
  await market.cloud.clock.advance(days * DAY);
  await tick('archive-log');
};
const db = () => market.seed.db;

const KEY = { type: 'api_key', id: randomId('apiKey') } as const;
const ORDER = { type: 'order', id: randomId('order') } as const;

/** A company with a sealed log of so many entries, all of the days before now; indexes follow the times nearly. */
async function loggingFor(days: number, count: number): Promise<Merchant> {
  const company = await seedCompany('Logs', `${randomId('member')}@logs.example`, market.seed);
  const step = (days * DAY) / count;
  for (let written = 0; written < count; written += 150) {
    const some = Math.min(150, count - written);
    let nth = written;
    // Two of ten come late: they are sealed behind younger ones.
    const at = (): number => {
      nth += 1;
      return Math.floor(now() - (count - nth) * step - (nth % 10 < 2 ? 5 * step : 0));
    };
    await writeEntries(db(), company.companyId, some, at, (each) => ({
      ...(each % 3 === 0 && { action: 'order.archived' }),
      ...(each % 7 === 0 && { actor: KEY }),
      ...(each % 50 === 0 && { record: ORDER }),
    }));
    await tick('checkpoint');
  }
  return market.merchant(company);
}

const stored = async ({ companyId }: Merchant): Promise<QueryDocumentSnapshot[]> =>
  (await db().collection(paths.audit(companyId)).get()).docs;
const count = async (who: Merchant): Promise<number> => (await stored(who)).length;
const segments = async ({ companyId }: Merchant): Promise<StoredSegment[]> =>
  (await db().collection(paths.auditArchive(companyId)).get()).docs.map((doc) =>
    StoredSegment.parse(doc.data()),
  );

async function listed(who: Merchant, query: string, limit = 100): Promise<AuditEntry[]> {
  const all: AuditEntry[] = [];
  for (let after = ''; ;) {
    const answer = await who.call('GET', `/v1/audit?limit=${limit}${query}${after}`);
    const page = answer.json as { data: AuditEntry[]; next: string | null };
    all.push(...page.data);
    if (page.next === null) return all;
    after = `&after=${page.next}`;
  }
}
const file = async (who: Merchant, path: string): Promise<string> => (await who.call('GET', path)).text;
const proofOf = async (who: Merchant, id: string | undefined) =>
  (await who.call('GET', `/v1/audit/${id ?? ''}/proof`)).json as { inclusion: { index: number } };
const verified = async (who: Merchant) => {
  const jwks = (await (await fetch(`${market.cloud.baseUrl}/.well-known/jwks.json`)).json()) as {
    keys: object[];
  };
  return verifyLog({ bundle: await file(who, '/v1/audit/bundle'), jwks });
};

/** All that can be asked of a log, for the same times whenever it is asked. */
async function everyAnswer(who: Merchant, middle: string) {
  const [from, to] = [`&from=${middle}`, `&to=${middle}`];
  const first = (await listed(who, '')).at(-1);
  return {
    whole: await listed(who, ''),
    small: await listed(who, to, 31),
    action: await listed(who, '&action=order.archived'),
    actor: await listed(who, `&actor=${KEY.id}${from}`, 9),
    record: await listed(who, `&record=${ORDER.id}`, 2),
    all: await listed(who, `&record=${ORDER.id}&actor=${KEY.id}&action=order.archived${to}`),
    none: await listed(who, `&record=${randomId('order')}`),
    csv: await file(who, '/v1/audit/export?format=csv'),
    lines: await file(who, `/v1/audit/export?actor=${KEY.id}`),
    proof: (await proofOf(who, first?.id)).inclusion,
  };
}

describe('entries that become old', () => {
  it('leave the database in segments, and every answer stays the same', async () => {
    const who = await loggingFor(20, 280);
    const middle = new Date(now() - 8 * DAY).toISOString();
    const before = await everyAnswer(who, middle);
    expect(before.whole).toHaveLength(280);
    expect(before.all.length).toBeGreaterThan(0);
    const log = (await stored(who)).map((doc) => doc.id);
    await tick('archive-log');
    expect((await stored(who)).map((doc) => doc.id)).toEqual(log);

    // Some have moved and others have not.
    await pass(75);
    const some = await count(who);
    expect(some).toBeGreaterThan(0);
    expect(some).toBeLessThan(280);
    expect(await everyAnswer(who, middle)).toEqual(before);

    await pass(16);
    expect(await count(who)).toBe(0);
    expect((await segments(who)).reduce((sum, { count }) => sum + count, 0)).toBe(280);
    expect(await everyAnswer(who, middle)).toEqual(before);
    expect(await verified(who)).toMatchObject({ problems: [], entries: 280 });

    // What comes then is behind them.
    await writeEntries(db(), who.companyId, 2, now);
    await tick('checkpoint');
    expect((await listed(who, '')).slice(2)).toEqual(before.whole);
    expect(await verified(who)).toMatchObject({ problems: [], entries: 282 });
    expect((await proofOf(who, before.whole[0]?.id)).inclusion.index).toBeGreaterThan(270);
  });

  it('are in the export of all that a company has', async () => {
    const who = await loggingFor(9, 40);
    await pass(85);
    const left = await count(who);
    expect(left).toBeLessThan(40);
    const { path, remove } = await scratchFolder();
    const source = {
      baseUrl: market.cloud.baseUrl,
      apiKey: who.apiKey,
      fetch,
      wait: () => Promise.resolve(),
    };
    const totals = await fetchExport(path, source);
    await remove();
    // What the export itself writes is in it.
    expect(totals).toMatchObject({ auditArchive: 40 - left, audit: left + 2 });
  });

  it('lie in the bucket in a form that says nothing without their documents', async () => {
    const who = await loggingFor(9, 5);
    await pass(91);
    const { text } = await who.call('GET', '/v1/audit');
    const [segment] = await segments(who);
    const bucket = openWriteOnce(...bucketOf('archive-log'));
    const content = await bucket.get(`segments/${segment?.object ?? ''}`);
    expect(content?.length).toBeGreaterThan(100);
    for (const word of text.match(/[a-z]{3}_[0-9a-z]{26}/g) ?? [])
      expect(content?.includes(word)).toBe(false);
  });
});

function bucketOf(name: 'archive-log') {
  const config = readConfig(market.cloud.envOf(name));
  return [config, config.logBucket] as const;
}

describe('moving', () => {
  it('comes to the same when two runs do it at once', async () => {
    const who = await loggingFor(3, 260);
    const later = (): number => now() + 91 * DAY;
    const run = () => {
      const config = readConfig(market.cloud.envOf('archive-log'));
      const log = createLog({ functionName: 'archive-log', write: () => undefined });
      const objects = openWriteOnce(config, config.logBucket);
      const deps = { db: openFirestore(config, '(default)'), objects, log, now: later };
      return moveLog(who.companyId, { ...deps, inTime: () => true });
    };
    await Promise.all([run(), run(), run()]);
    await run();
    expect(await count(who)).toBe(0);
    const moved = (await segments(who)).map(({ first, count }) => [first, count]);
    expect(moved.sort(([a = 0], [b = 0]) => a - b)).toEqual([
      [0, 250],
      [250, 10],
    ]);
    expect(await verified(who)).toMatchObject({ problems: [], entries: 260 });
  });

  it('goes on where it was killed, with every entry once', async () => {
    const who = await loggingFor(3, 20);
    const whole = await listed(who, '');
    const run = (): Promise<void> =>
      eventually(async () => {
        await pass(91).catch(() => undefined);
        expect(await count(who)).toBe(0);
      });
    // The object is there, and nothing of it in the database.
    await killedAt(market.cloud, 'archive-log', [{ of: 'changes', nth: 2, when: 'after' }], run);
    expect(await listed(who, '')).toEqual(whole);
    expect(await verified(who)).toMatchObject({ problems: [], entries: 20 });
  });

  it('leaves what is not as it was sealed where it is, with an alarm', async () => {
    const who = await loggingFor(3, 20);
    const victim = (await stored(who)).find((doc) => doc.get('index') === 12);
    await victim?.ref.update({ action: 'order.opened', result: 'refused' });
    await pass(91);
    await pass(1);
    expect((await stored(who)).map((doc) => Number(doc.get('index'))).sort((a, b) => a - b)).toEqual([
      ...[12, 13, 14, 15, 16, 17, 18, 19],
    ]);
    const damaged = market.cloud.lines.filter((line) => line.includes('audit.damaged'));
    expect(damaged[0]).toContain(who.companyId);
    const { problems } = await verified(who);
    expect(problems.map(({ text }) => text).join('\n')).toContain(victim?.id);
  });

  it('is no way to change what was sealed: another object or key is told by the verifier', async () => {
    const who = await loggingFor(3, 20);
    await pass(91);
    const { docs } = await db().collection(paths.auditArchive(who.companyId)).get();
    await docs[0]?.ref.update({ key: Buffer.alloc(32) });
    const { problems } = await verified(who);
    expect(problems[0]?.text).toMatch(/^Entry 0 is gone/);
    expect((await who.call('GET', '/v1/audit')).status).toBe(500);
  });
});

describe('the offsite copy of what moved', () => {
  const storage = () =>
    openStorage({ projectId: market.cloud.projectId, storageEndpoint: market.cloud.storage.url });
  const source = () => storage().bucket(`${market.cloud.projectId}-logs`);
  const offsite = () => storage().bucket(market.cloud.backupBuckets.offsiteLogs);
  const namesIn = async (bucket: Bucket): Promise<string[]> =>
    (await bucket.getFiles())[0].map(({ name }) => name);
  const folder = (daysAgo: number): string =>
    `segments/${new Date(now() - daysAgo * DAY).toISOString().slice(0, 10)}/`;
  /** As if a run had put them; answers their names. */
  const moved = (daysAgo: number, count: number): Promise<string[]> =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const name = `${folder(daysAgo)}${randomBytes(32).toString('hex')}`;
        await source().file(name).save(name, { resumable: false });
        return name;
      }),
    );
  const alarms = (): string[] =>
    market.cloud.lines.filter((line) => line.includes('"backup.log_not_offsite"'));

  it('is whole from the first run on, also of what moved before days were in names', async () => {
    const who = await loggingFor(9, 5);
    await pass(91);
    await source()
      .file(`segments/${'0'.repeat(64)}`)
      .save('of old', { resumable: false });
    await tick('offsite-copy');
    expect(await namesIn(offsite())).toEqual(await namesIn(source()));
    const [segment] = await segments(who);
    if (segment === undefined) throw new Error('Nothing has moved.');
    const [content] = await offsite().file(segmentObject(segment.object)).download();
    expect(openSegment(who.companyId, segment, content)).toHaveLength(segment.count);
  });

  it('goes on after a run that was cut off, looks at the newest days alone, and is missed when it does not come', async () => {
    await market.cloud.clock.advance(3 * DAY);
    const [first, second] = [await moved(2, 9), await moved(1, 3)];
    await tick('backup-check');
    expect(alarms().at(-1)).toContain('"count":12');
    let copies = 0;
    const fourth = ({ method }: { method: string }): boolean => {
      copies += Number(method === 'objects.rewrite');
      return method === 'objects.rewrite' && copies > 3;
    };
    failing(market.cloud.doors['offsite-copy'], fourth, 403);
    expect(await market.cloud.clock.tick('offsite-copy')).not.toBe(204);
    market.cloud.doors['offsite-copy'].setFault(null);
    // No day is begun before the one before is whole.
    const there = await namesIn(offsite());
    expect(first.some((name) => there.includes(name))).toBe(true);
    expect(second.some((name) => there.includes(name))).toBe(false);
    await tick('offsite-copy');
    expect(await namesIn(offsite())).toEqual(await namesIn(source()));
    const before = alarms().length;
    await tick('backup-check');
    expect(alarms()).toHaveLength(before);

    // The day before the newest may have had a late one. Older days are known to be whole and not read again.
    const [late, old] = [await moved(2, 1), await moved(5, 1)];
    await tick('offsite-copy');
    const now = await namesIn(offsite());
    expect([now.includes(late[0] ?? ''), now.includes(old[0] ?? '')]).toEqual([true, false]);
  });
});
