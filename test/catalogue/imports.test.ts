import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedCompany } from '../../local/seed.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { importGivenUp } from '../../shared/catalogue/republish-imports.ts';
import { createLog } from '../../shared/cloud/log.ts';
import { randomId } from '../../shared/domain/ids.ts';
import type { StoredImport } from '../../shared/catalogue/import-store.ts';
import { testCloud } from '../support/cloud.ts';
import { eventually, type Market, type Merchant, startMarket } from '../support/market.ts';
import { ended, fileOf, productBody, sendFile, skus } from './shop-floor.ts';

let market: Market;
beforeAll(async () => {
  market = await startMarket(await testCloud({ apart: ['import'] }));
});
afterAll(() => market.cloud.stop());

const CSV = { 'Content-Type': 'text/csv' };

function company(name: string): Promise<Merchant> {
  return seedCompany(name, `${name}@demo.example`, market.seed).then((made) => market.merchant(made));
}

async function exported(who: Merchant): Promise<string> {
  const { baseUrl } = market.cloud;
  const headers = { Authorization: `Bearer ${who.apiKey}`, Accept: 'text/csv' };
  const answer = await fetch(`${baseUrl}/v1/products`, { headers });
  expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  return answer.text();
}

async function storedCount(who: Merchant): Promise<number> {
  const found = await market.seed.db.collection(paths.products(who.companyId)).count().get();
  return found.data().count;
}

describe('an import', () => {
  it('makes products, then changes what another file says, and tells what became of the rows', async () => {
    const who = await company('plain');
    const names = skus(310);
    const first = await ended(who, await sendFile(who, fileOf(names)));
    expect(first).toMatchObject({
      state: 'done',
      progress: { rows: 310, done: 310 },
      created: 310,
      problems: [],
    });
    const second = await ended(
      who,
      await sendFile(
        who,
        fileOf(names, (place) => (place === 7 ? '7' : `${place + 1}.99`)),
      ),
    );
    expect(second).toMatchObject({ state: 'done', created: 0, changed: 1, unchanged: 309 });
    expect((await who.call('GET', `/v1/products/${names[7]}`)).json).toMatchObject({ price: 700 });
    const log = (await who.call('GET', '/v1/audit?action=import.done')).json as { data: { facts: object }[] };
    expect(log.data.map(({ facts }) => facts)).toEqual([
      { products: 1, refusedRows: 0 },
      { products: 310, refusedRows: 0 },
    ]);
    const parts = await market.seed.db.collection(`companies/${who.companyId}/importParts`).count().get();
    expect(parts.data().count).toBe(0);
  });

  it('of an export changes nothing, and brings back what was removed', async () => {
    const who = await company('round');
    const body = {
      title: '=SUM(A1)',
      price: 1990,
      currency: 'USD',
      description: '<p>a, "b"</p>',
      group: "'+1",
    };
    await who.call('PUT', '/v1/products/%3DA', { body });
    await who.call('PUT', '/v1/products/B', {
      body: { ...body, active: false, images: ['https://a.example/1'] },
    });
    const file = await exported(who);
    expect(file).toContain("'=SUM(A1)");
    expect(await ended(who, await sendFile(who, file))).toMatchObject({ state: 'done', unchanged: 2 });
    await who.call('DELETE', '/v1/products/%3DA');
    expect(await ended(who, await sendFile(who, file))).toMatchObject({ created: 1, unchanged: 1 });
    expect(await exported(who)).toBe(file);
  });

  it('leaves alone what a file has no column for, price rules too', async () => {
    const who = await company('partly');
    const body = { title: 'A', price: 1, currency: 'USD', description: '<p>kept</p>', barcode: '1' };
    await who.call('PUT', '/v1/products/A', { body });
    await who.call('PUT', '/v1/price-lists/l', {
      body: { name: 'l', currency: 'USD', items: [{ sku: 'A', price: 5 }] },
    });
    await ended(who, await sendFile(who, 'sku,title,price,currency,barcode\nA,B,2,USD,\n'));
    expect((await who.call('GET', '/v1/products/A')).json).toMatchObject({
      ...{
        title: 'B',
        price: 200,
        description: '<p>kept</p>',
        barcode: null,
        priceRules: { l: { price: 5 } },
      },
    });
  });

  it('of a file with a mistake applies nothing, unless the other rows are asked for', async () => {
    const who = await company('mistakes');
    const file = 'sku,title,price,currency\nA,One,1,USD\nB,Two,1.001,USD\nC,,1,USD\n';
    const refused = await ended(who, await sendFile(who, file));
    expect(refused).toMatchObject({
      state: 'refused',
      progress: { rows: 3, done: 0 },
      created: 0,
      refused: 2,
    });
    expect(refused.problems.map(({ line, column }) => [line, column])).toEqual([
      [3, 'price'],
      [4, 'title'],
    ]);
    expect(await storedCount(who)).toBe(0);
    const skipped = await ended(who, await sendFile(who, file, '?onError=skip'));
    expect(skipped).toMatchObject({ state: 'done', progress: { rows: 3, done: 3 }, created: 1, refused: 2 });
    expect(skipped.problems).toEqual(refused.problems);
    expect(await storedCount(who)).toBe(1);
  });

  it('that can not be read is refused, whatever was asked for', async () => {
    const who = await company('unreadable');
    const answer = await ended(who, await sendFile(who, 'name;price\nA;1\n', '?onError=skip'));
    expect(answer).toMatchObject({ state: 'refused', progress: { rows: 0, done: 0 } });
    expect(answer.problems).toEqual([
      { line: 1, column: '1', message: 'the header names no column that is known' },
    ]);
  });

  it('is begun once for one Idempotency-Key, and only with the same file', async () => {
    const who = await company('once');
    const headers = { ...CSV, 'Idempotency-Key': 'nightly' };
    const send = (body: string) => who.call('POST', '/v1/imports', { body, headers });
    const one = await send(fileOf(skus(1)));
    const same = { status: 202, json: { id: (one.json as { id: string }).id } };
    expect(await send(fileOf(skus(1)))).toMatchObject(same);
    expect(await send(fileOf(skus(2)))).toMatchObject({
      status: 422,
      json: { code: 'IDEMPOTENCY_MISMATCH' },
    });
    expect(((await who.call('GET', '/v1/imports')).json as { data: object[] }).data).toHaveLength(1);
  });

  it('is begun once by requests that come at the same moment', async () => {
    const who = await company('at-once');
    const headers = { ...CSV, 'Idempotency-Key': 'nightly' };
    const body = fileOf(skus(1));
    const sent = await Promise.all([1, 2, 3].map(() => who.call('POST', '/v1/imports', { body, headers })));
    expect(sent.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(new Set(sent.map(({ json }) => (json as { id: string }).id)).size).toBe(1);
    expect(((await who.call('GET', '/v1/imports')).json as { data: object[] }).data).toHaveLength(1);
  });

  it.each([
    ['JSON', { body: {} }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['nothing', { headers: CSV }, 400, 'BAD_REQUEST'],
    ['more than 10 MB', { body: 'x'.repeat(10_000_001), headers: CSV }, 413, 'PAYLOAD_TOO_LARGE'],
  ])('of %s is not begun', async (_what, call, status, code) => {
    const refused = await market.supplier.call('POST', '/v1/imports', call);
    expect(refused).toMatchObject({ status, json: { code } });
    expect((await market.supplier.call('PUT', '/v1/products', { body: 'a', headers: CSV })).status).toBe(415);
  });
});

describe('an import whose run is killed', () => {
  it('goes on where it stopped, each row once', async () => {
    const who = await company('killed');
    const names = skus(2500);
    const importId = await sendFile(who, fileOf(names));
    const ref = market.seed.db.doc(paths.import(who.companyId, importId));
    const state = async () => (await ref.get()).data() as StoredImport;
    for (let kills = 0; kills < 2; kills += 1) {
      const { applied } = await state();
      await eventually(async () => {
        expect((await state()).applied).toBeGreaterThan(applied);
      });
      await market.cloud.kill('import');
      const stopped = await state();
      // What is said to be done is stored, and no row more.
      if (stopped.state === 'applying') expect(await storedCount(who)).toBe(stopped.applied);
      await market.cloud.restart('import');
    }
    expect(await ended(who, importId)).toMatchObject({
      state: 'done',
      created: 2500,
      changed: 0,
      unchanged: 0,
    });
    expect(await storedCount(who)).toBe(2500);
  });

  it('leaves what was asked for after the file was sent, and says how much', async () => {
    const who = await company('newer');
    const names = skus(300);
    const put = (sku: string | undefined, price: number) =>
      who.call('PUT', `/v1/products/${sku}`, { body: productBody({ price }) });
    // What is repeated while the file waits is newer than the file as well.
    const [changed, removed, repeated] = names.slice(-3);
    for (const sku of [removed, repeated]) await put(sku, 500);
    await market.cloud.kill('import');
    const importId = await sendFile(who, fileOf(names));
    const answers = [await put(changed, 700), await put(repeated, 500)];
    answers.push(await who.call('DELETE', `/v1/products/${removed}`));
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 204]);
    await market.cloud.restart('import');
    expect(await ended(who, importId)).toMatchObject({
      ...{ state: 'done', progress: { rows: 300, done: 300 } },
      ...{ created: 297, changed: 0, unchanged: 0, superseded: 3 },
    });
    const after = [changed, removed, repeated].map((sku) => who.call('GET', `/v1/products/${sku}`));
    expect((await Promise.all(after)).map((answer) => answer.json as object)).toMatchObject([
      { price: 700 },
      { code: 'NOT_FOUND' },
      { price: 500 },
    ]);
    // A file that is sent now is newer than all of that.
    expect(await ended(who, await sendFile(who, fileOf(names)))).toMatchObject({
      ...{ created: 1, changed: 2, superseded: 0 },
    });
  });

  it('is failed once it came no further for an hour, however often it is delivered', async () => {
    const who = await company('stuck');
    const importId = await sendFile(who, fileOf(skus(1)));
    await ended(who, importId);
    const ref = market.seed.db.doc(paths.import(who.companyId, importId));
    const deps = {
      db: market.seed.db,
      now: market.seed.now,
      log: createLog({ functionName: 'test', write: () => undefined }),
    };
    const giveUp = () => importGivenUp({ companyId: who.companyId, importId }, randomId('request'), deps);
    await ref.update({ state: 'applying', due: 1, updatedAt: new Date().toISOString() });
    await giveUp();
    expect((await ref.get()).get('state')).toBe('applying');
    await ref.update({ updatedAt: '2026-01-01T00:00:00.000Z' });
    await giveUp();
    expect((await who.call('GET', `/v1/imports/${importId}`)).json).toMatchObject({
      state: 'failed',
      created: 1,
    });
  });

  it('is found again by sweep when its message got lost', async () => {
    const who = await company('lost');
    const importId = await sendFile(who, fileOf(skus(3)));
    await ended(who, importId);
    const ref = market.seed.db.doc(paths.import(who.companyId, importId));
    // As it was when nobody had come to it yet, long ago.
    const parts = { data: gzipSync(fileOf(skus(4))), expireAt: new Date() };
    await market.seed.db.doc(paths.importPart(who.companyId, importId, 0)).set(parts);
    await ref.update({ state: 'checking', applied: 0, due: 3, updatedAt: '2026-01-01T00:00:00.000Z' });
    await market.cloud.clock.tick('sweep');
    await eventually(async () => {
      expect((await ref.get()).data()).toMatchObject({ state: 'done' });
    });
    expect(await storedCount(who)).toBe(4);
  });
});
