import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { DocumentData } from '@google-cloud/firestore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyManagementServiceClient } from '@google-cloud/kms';
import { credentials } from '@grpc/grpc-js';
import { leafHash } from '../../shared/audit/entry.ts';
import { indexEntries } from '../../shared/audit/index-entries.ts';
import { createAttest } from '../../shared/cloud/attest.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { openFirestore, paths } from '../../shared/cloud/firestore.ts';
import { createKms } from '../../shared/cloud/kms.ts';
import { createLog } from '../../shared/cloud/log.ts';
import { verifyLog } from '../../verify/verify.mjs';
import { writeEntries } from '../audit/log-fixture.ts';
import { act, call, trade } from '../orders/trading.ts';
import { eventually, type Market, type Merchant, startMarket } from '../support/market.ts';

let market: Market;
let earlier: string;
let keys: { keys: { kid: string }[] };
let receipts: string[] = [];

beforeAll(async () => {
  market = await startMarket();
  receipts = await aDay();
  await tick();
  earlier = await bundleOf(market.retailer);
  receipts.push(...(await aDay()));
  await market.cloud.clock.advance(30 * 60 * 60_000);
  await tick();
  keys = await jwks();
}, 240_000);
afterAll(() => market.cloud.stop());

async function tick(): Promise<void> {
  expect(await market.cloud.clock.tick('checkpoint')).toBe(204);
}

/** Some trade, with an order that is erased at the end; answers the receipts that came with it. */
async function aDay(): Promise<string[]> {
  const { retailer, supplier } = market;
  const { own, supply } = await trade(market);
  await trade(market);
  const done = [
    await call(supplier, 'POST', `/v1/orders/${supply.id}/fulfilments`, { carrier: 'ups' }),
    await act(retailer, own.id, 'cancel'),
    await act(retailer, own.id, 'archive'),
    await call(retailer, 'DELETE', `/v1/orders/${own.id}`),
  ];
  await eventually(async () => {
    const { json } = await call<{ data: { state: string }[] }>(retailer, 'GET', '/v1/erasures');
    expect(json.data.every(({ state }) => state !== 'pending')).toBe(true);
  });
  // The supplier's own receipt is of the supplier's log.
  return done
    .slice(1)
    .flatMap(({ auditEntry }) => (auditEntry === null ? [] : [`Audit-Entry: ${auditEntry}`]));
}

async function text(path: string, merchant?: Merchant): Promise<string> {
  const headers = merchant && { authorization: `Bearer ${merchant.apiKey}` };
  const response = await fetch(market.cloud.baseUrl + path, headers ? { headers } : {});
  expect(response.status, path).toBe(200);
  return response.text();
}
const bundleOf = (merchant: Merchant): Promise<string> => text('/v1/audit/bundle', merchant);
const jwks = async () => JSON.parse(await text('/.well-known/jwks.json')) as typeof keys;

interface Line {
  entry?: DocumentData | null;
  leaf?: string;
  checkpoint?: DocumentData;
  history?: unknown;
  end?: { entries: number; unsealed: number; checkpoints: number };
}
const linesOf = (bundle: string): Line[] =>
  bundle
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
const joined = (lines: Line[]): string => lines.map((line) => JSON.stringify(line)).join('\n');
const codes = ({ problems }: { problems: { code: string }[] }) => [
  ...new Set(problems.map(({ code }) => code)),
];

/** The retailer's bundle after somebody with every right has been at the database; everything is put back. */
async function tampered(
  how: (log: FirebaseFirestore.QueryDocumentSnapshot[]) => Promise<unknown>,
): Promise<Awaited<ReturnType<typeof verifyLog>>> {
  const { db } = market.seed;
  const log = db.collection(paths.audit(market.retailer.companyId));
  const before = (await log.orderBy('index').get()).docs;
  await how(before);
  const bundle = await bundleOf(market.retailer);
  for (const doc of (await log.get()).docs) {
    if (!before.some(({ id }) => id === doc.id)) await doc.ref.delete();
  }
  for (const doc of before) await doc.ref.set(doc.data());
  return verifyLog({ bundle, jwks: keys, receipts });
}

describe('strongroom-verify', () => {
  it('finds a day’s trade whole, with what is erased in it, and what was kept of it before', async () => {
    const bundle = await bundleOf(market.retailer);
    const roots = [(JSON.parse(await text('/v1/roots')) as { root: string }).root];
    const since = linesOf(earlier).find(({ checkpoint }) => checkpoint)?.checkpoint?.['n'] as number;
    const id = linesOf(bundle)[3]?.entry?.['id'] as string;
    const proofs = [
      JSON.parse(await text(`/v1/audit/${id}/proof`, market.retailer)) as unknown,
      JSON.parse(await text(`/v1/audit/checkpoints/${since}/consistency`, market.retailer)) as unknown,
    ];
    const result = await verifyLog({ bundle, jwks: keys, earlier: [earlier], roots, proofs, receipts });
    expect(result.problems).toEqual([]);
    expect(result).toMatchObject({ companyId: market.retailer.companyId, receipts: receipts.length });
    expect(result.entries).toBeGreaterThan(15);
    expect(linesOf(bundle).some(({ entry }) => entry?.['action'] === 'order.erased')).toBe(true);
  });

  it('names an entry of which one byte is changed, whichever member it is in', async () => {
    const members = ['action', 'at', 'actor', 'record', 'result', 'requestId', 'companyId', 'id', 'facts'];
    for (const [at, member] of members.entries()) {
      let victim = '';
      const result = await tampered(async (log) => {
        const doc = log[at + 2] ?? expect.fail();
        victim = doc.id;
        const old = JSON.stringify(doc.get(member));
        const put =
          old === '{}' ? { lines: 1 } : (JSON.parse(old.replace(/[a-z0-9]"(?=[^"]*$)/i, 'q"')) as unknown);
        await doc.ref.update({ [member]: member === 'facts' && old !== '{}' ? {} : put });
      });
      const told = result.problems.map((problem) => problem.text).join('\n');
      expect(told, member).toContain(`Entry ${at + 2} (`);
      if (member !== 'id') expect(told, member).toContain(victim);
    }
  });

  it('names an entry that is gone, put in, or moved', async () => {
    const gone = await tampered((log) => (log[4] ?? expect.fail()).ref.delete());
    expect(gone.problems[0]).toMatchObject({
      code: 'ENTRY',
      text: expect.stringMatching(/^Entry 4 is gone/) as string,
    });

    const put = await tampered(async ([first]) => {
      const { ref, data } = {
        ref: first?.ref.parent.doc('aud_00000000000000000000000000'),
        data: first?.data(),
      };
      await ref?.set({ ...data, id: 'aud_00000000000000000000000000', index: 3 });
    });
    expect(codes(put)).toEqual(['ENTRY']);
    // The list would show it, and no checkpoint finds it.
    const stray = await tampered(async ([first]) => {
      const { index: _index, ...entry } = first?.data() ?? {};
      const id = 'aud_00000000000000000000000000';
      await first?.ref.parent.doc(id).set({ ...entry, id });
    });
    expect(stray.problems).toMatchObject([
      { code: 'ENTRY', text: expect.stringMatching(/^The entry aud_0{26} .* was put in later/) as string },
    ]);

    const moved = await tampered(async (log) => {
      await log[5]?.ref.update({ index: 6 });
      await log[6]?.ref.update({ index: 5 });
    });
    const told = moved.problems.map((problem) => problem.text).join('\n');
    expect(told).toMatch(/Entry 5 .* was sealed as entry 6/);
    expect(told).toMatch(/Entry 6 .* was sealed as entry 5/);
  });

  it('is not taken in by an operator who changes the leaves as well', async () => {
    const lines = linesOf(await bundleOf(market.retailer));
    const at = lines.findIndex(({ leaf }) => leaf !== undefined) + 1;
    const [before, after] = [lines[at] ?? expect.fail(), lines[at + 1] ?? expect.fail()];
    const swapped = joined([...lines.slice(0, at), after, before, ...lines.slice(at + 2)]);
    expect(codes(await verifyLog({ bundle: swapped, jwks: keys }))).toEqual(['HEAD']);
    expect(codes(await verifyLog({ bundle: swapped, jwks: keys, earlier: [earlier] }))).toContain('ENTRY');
    const without = joined([...lines.slice(0, at), ...lines.slice(at + 1)]);
    expect(codes(await verifyLog({ bundle: without, jwks: keys, receipts }))).toEqual(
      expect.arrayContaining(['INCOMPLETE', 'HEAD', 'TRUNCATED']),
    );
  });

  it('notices a log that was cut short and counts its lines rightly, by what was kept', async () => {
    const whole = linesOf(await bundleOf(market.retailer));
    const old = linesOf(earlier);
    // The old bundle, given as the newest one.
    const asNew = await verifyLog({ bundle: joined(old), jwks: keys, earlier: [joined(whole)], receipts });
    expect(codes(asNew)).toEqual(expect.arrayContaining(['HEAD', 'ENTRY', 'RECEIPT']));
  });

  it('finds the receipt of each of very many that are not under a root yet', async () => {
    const { companyId } = market.retailer;
    const some = await writeEntries(market.seed.db, companyId, 320, market.cloud.clock.now);
    const given = { bundle: await bundleOf(market.retailer), jwks: keys };
    const fresh = some.map((entry) => `${entry.id}; leaf=${leafHash(entry)}`);
    const waiting = await verifyLog({ ...given, receipts: fresh });
    expect(waiting.problems).toEqual([]);
    expect(waiting.unsealed).toBeGreaterThanOrEqual(320);
    const config = readConfig(market.cloud.envOf('checkpoint'));
    const db = openFirestore(config, '(default)');
    const log = createLog({ functionName: 'checkpoint', write: () => undefined });
    await indexEntries({ db, log, now: Date.now, inTime: () => true });
    const indexed = await verifyLog({ ...given, bundle: await bundleOf(market.retailer), receipts: fresh });
    expect([indexed.problems, indexed.unsealed]).toEqual([[], waiting.unsealed]);
    await tick();
  });

  it('holds receipts against the log', async () => {
    const bundle = await bundleOf(market.retailer);
    const forged = [`aud_${'0'.repeat(26)}; leaf=${'A'.repeat(43)}`, 'no receipt'];
    const result = await verifyLog({ bundle, jwks: keys, receipts: forged });
    expect(codes(result)).toEqual(['UNREADABLE', 'RECEIPT']);
    expect(result.problems[1]?.text).toContain(
      `aud_${'0'.repeat(26)}, of which you have a receipt, is not in the log`,
    );
  });

  describe('of roots that an operator signs as well', () => {
    /** Signs whatever it is told, by the same key. */
    const sign = (typ: string, payload: object) => {
      const config = readConfig(market.cloud.envOf('checkpoint'));
      return createAttest({ kms: createKms(config), now: Date.now }).sign(typ, payload);
    };
    const newest = async () => {
      const { root } = JSON.parse(await text('/v1/roots')) as { root: string };
      return JSON.parse(Buffer.from(root.split('.')[1] ?? '', 'base64url').toString()) as Record<
        string,
        unknown
      >;
    };
    const verified = async (roots: string[]) =>
      codes(await verifyLog({ bundle: await bundleOf(market.retailer), jwks: keys, roots }));

    it('tells two of one number', async () => {
      const other = await sign('strongroom-root+jwt', { ...(await newest()), root: 'A'.repeat(43) });
      expect(await verified([other])).toEqual(['EQUIVOCATION']);
    });

    it('tells a time that goes back', async () => {
      const statement = await newest();
      const n = Number(statement['n']) + 1;
      const back = {
        ...statement,
        n,
        at: '2020-01-01T00:00:00.000Z',
        history: { size: n, root: 'A'.repeat(43) },
      };
      expect(await verified([await sign('strongroom-root+jwt', back)])).toEqual(['TIME']);
    });

    it('tells a statement of another kind, a broken signature and a key that is not ours', async () => {
      const statement = await newest();
      expect(await verified([await sign('strongroom-erasure+jwt', statement)])).toEqual(['NOT_A_ROOT']);
      const good = await sign('strongroom-root+jwt', statement);
      const [header = '', payload = '', signature = ''] = good.split('.');
      const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
      expect(await verified([[header, payload, flipped].join('.')])).toEqual(['SIGNATURE']);
      const odd = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'strongroom-root+jwt', kid: 'x' }));
      expect(await verified([[odd.toString('base64url'), payload, signature].join('.')])).toEqual([
        'UNKNOWN_KEY',
      ]);
    });

    it('keeps earlier roots good when the key is replaced, and tells one that the old key signs later', async () => {
      const { kms, keys: names } = market.cloud;
      const client = new KeyManagementServiceClient({
        ...{ apiEndpoint: '127.0.0.1', port: kms.port, sslCreds: credentials.createInsecure() },
      });
      const statement = await newest();
      const n = Number(statement['n']) + 5;
      const later = {
        ...statement,
        n,
        at: '2999-01-01T00:00:00.000Z',
        history: { size: n, root: 'A'.repeat(43) },
      };
      const byOld = await sign('strongroom-root+jwt', later);
      await client.createCryptoKeyVersion({ parent: names.attest, cryptoKeyVersion: {} });
      await client.close();
      // What was read of KMS is known for five minutes.
      await market.cloud.clock.advance(6 * 60_000);
      await tick();
      keys = await jwks();
      expect(keys.keys).toHaveLength(2);
      const bundle = await bundleOf(market.retailer);
      const kept = await verifyLog({ bundle, jwks: keys, earlier: [earlier], receipts });
      expect(kept.problems).toEqual([]);
      expect(await verified([byOld])).toEqual(['RETIRED_KEY']);
    });
  });
});

describe('npx strongroom-verify', () => {
  it('runs on files alone and says how it went in words and by its exit code', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'strongroom-verify-'));
    const put = async (name: string, content: string): Promise<string> => {
      await writeFile(join(folder, name), content);
      return join(folder, name);
    };
    const bundle = await bundleOf(market.retailer);
    const files = {
      bundle: await put('log.ndjson', bundle),
      bad: await put('bad.ndjson', bundle.replace('order.received', 'order.receivef')),
      keys: await put('jwks.json', JSON.stringify(keys)),
      receipts: await put('receipts.txt', receipts.join('\n')),
    };
    const run = async (...args: string[]): Promise<{ code: number; said: string }> => {
      const main = resolve(import.meta.dirname, '../../verify/main.mjs');
      return promisify(execFile)(process.execPath, [main, ...args]).then(
        ({ stdout }) => ({ code: 0, said: stdout }),
        (error: unknown) => {
          const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
          return { code, said: stdout + stderr };
        },
      );
    };
    const good = await run(files.bundle, '--keys', files.keys, '--receipts', files.receipts);
    expect(good).toMatchObject({
      code: 0,
      said: expect.stringMatching(/^Everything holds: \d+ entries/) as string,
    });
    const bad = await run(files.bad, '--keys', files.keys);
    expect(bad).toMatchObject({
      code: 1,
      said: expect.stringMatching(/^ENTRY {2}Entry \d+ \(aud_/) as string,
    });
    const problem = { status: 409, code: 'NOT_SEALED', title: 'No root covers the log yet' };
    expect(await run(await put('early', JSON.stringify(problem)), '--keys', files.keys)).toMatchObject({
      code: 2,
      said: expect.stringContaining('NOT_SEALED, No root covers the log yet') as string,
    });
    expect((await run()).code).toBe(2);
    expect((await run(join(folder, 'none'), '--keys', files.keys)).code).toBe(2);
    await rm(folder, { recursive: true });
  });
});
