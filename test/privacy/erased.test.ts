import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clearDatabases, type DatabaseFolder, importDatabases } from '../../local/firestore-export.ts';
import type { DocumentWrite } from '../../local/door/writes.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { openFirestore } from '../../shared/cloud/firestore.ts';
import { openKeyring } from '../../shared/cloud/keyring.ts';
import { createLog } from '../../shared/cloud/log.ts';
import { createPublisher } from '../../shared/cloud/pubsub.ts';
import { createLedger } from '../../shared/cloud/storage.ts';
import type { Party } from '../../shared/crypto/record-key.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { OrderInput, toIncoming } from '../../shared/domain/order-data.ts';
import { receiveOrder } from '../../shared/orders/receive.ts';
import { type Replayed, replayLedger } from '../../shared/orders/replay-ledger.ts';
import { testCloud, type TestCloud } from '../support/cloud.ts';
import { type Market, startMarket } from '../support/market.ts';
import { everyKey } from './every-key.ts';
import { filesBelow } from './export-files.ts';
import { type Both, end, erase, idIn, madeOrder, opens, routed } from './trade.ts';

const ROOT = resolve(import.meta.dirname, '..', '..');
const SOME_TIME: unknown = expect.any(String);

let cloud: TestCloud;
let market: Market;
let keys: ReturnType<typeof everyKey>;
let folder: string;
/** Erased by its owner, which got it from its shop; and one that it made through the API. */
let erased: Both;
let payload: Record<string, unknown>;
let made: Both;
/** The supplier deleted what it could open of this one. */
let viewed: Both;
let untouched: Both;
/** The sealed address of the erased order, as it was stored. */
let sealed: Buffer;
let sealedView: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-erased-'));
  cloud = await testCloud({ ownEmulators: true });
  market = await startMarket(cloud);
  keys = everyKey(cloud);
  payload = market.order({ name: '#ERASED' });
  await market.send(payload);
  erased = await routed(market, await market.idOf(Number(payload['id'])));
  const answer = await market.retailer.call('POST', '/v1/orders', { body: madeOrder() });
  made = await routed(market, idIn(answer));
  [viewed, untouched] = await Promise.all([market.routed(), market.routed()]);
  for (const both of [erased, made, viewed]) await end(market, both);
  await cloud.exportTo(join(folder, 'old'));
  sealed = (await keys.sealed(erased.orderId)) ?? expect.fail();
  sealedView = (await keys.sealed(viewed.orderId)) ?? expect.fail();
}, 120_000);

afterAll(async () => {
  await keys.close();
  await cloud.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('an erased order', () => {
  it('could be opened before, by both merchants and by the one key that seals it', async () => {
    for (const both of [erased, made, viewed, untouched]) expect(await opensFor(both)).toEqual([true, true]);
    expect(await keys.opening(sealed, ownerOf(erased))).toBe(2);
    expect(await keys.opening(sealedView, ownerOf(viewed), market.supplier.companyId)).toBe(1);
  });

  it('opens to nobody once it is erased', async () => {
    const { retailer, supplier } = market;
    for (const { orderId } of [erased, made]) await erase(retailer, orderId);
    await erase(supplier, viewed.supplyOrderId);
    await expectErased();
    expect(await keys.sealed(erased.orderId)).toBeUndefined();
  });

  it('does not open when an old default database is restored beside the keyring', async () => {
    await restore('default');
    expect(await keys.sealed(erased.orderId)).toEqual(sealed);
    expect(await opensFor(erased)).toEqual([false, false]);
    expect(await opensFor(made)).toEqual([false, false]);
    expect(await opensFor(viewed)).toEqual([true, false]);
    expect(await opensFor(untouched)).toEqual([true, true]);
    expect(await keys.opening(sealed, ownerOf(erased))).toBe(0);
    expect(await keys.opening(sealedView, ownerOf(viewed), market.supplier.companyId)).toBe(0);

    expect(await replay()).toEqual({ ordersErased: 2, viewsRemoved: 1 });
    await expectErased();
    expect(await replay()).toEqual({ ordersErased: 0, viewsRemoved: 0 });
  });

  it('does not open when an old keyring is restored beside the default database', async () => {
    await restore('keyring');
    expect(await keys.recordKeyIds()).toContain(erased.orderId);
    expect(await opensFor(erased)).toEqual([false, false]);
    expect(await keys.opening(sealed, ownerOf(erased))).toBeGreaterThan(0);

    expect(await replay()).toEqual({ ordersErased: 2, viewsRemoved: 1 });
    await expectErased();
  });

  it('opens again when both are restored, until the ledger is replayed', async () => {
    // Of this one the old backups know nothing, and yet it must not come back.
    const since = market.order({ name: '#SINCE' });
    await market.send(since);
    const later = await routed(market, await market.idOf(since.id));
    await end(market, later);
    await erase(market.retailer, later.orderId);
    await clearDatabases(cloud.emulators.firestore.address, cloud.projectId);
    await restore('default', 'keyring');
    for (const both of [erased, made, viewed]) expect(await opensFor(both)).toEqual([true, true]);
    expect(await keys.opening(sealed, ownerOf(erased))).toBe(2);

    expect(await replayByCommand()).toContain('erased again 2 orders, removed 1 partners');
    await expectErased();
    const answer = await nothingStored(() => market.send(since, 'orders/updated'));
    expect(answer.status).toBe(200);
    expect(await replay()).toEqual({ ordersErased: 0, viewsRemoved: 0 });
  });
});

describe('what is sent about an erased order', () => {
  it.each(['orders/updated', 'orders/create', 'orders/cancelled'])(
    'is answered with 200 and not stored when a shop sends %s',
    async (topic) => {
      const at = new Date(Date.now() + 60_000).toISOString();
      const later = { ...payload, updated_at: at, cancelled_at: topic === 'orders/cancelled' ? at : null };
      const answer = await nothingStored(() => market.send(later, topic));
      expect([answer.status, await answer.text()]).toEqual([200, '']);
    },
  );

  it('is not stored when it is fetched from the shop or imported, which takes the way of a webhook', async () => {
    const { seed, demo } = market;
    const { db, keyring, now } = seed;
    const source = { companyId: demo.retailer.companyId, connectionId: demo.connections.shopify.id };
    const updatedAt = new Date(Date.now() + 60_000).toISOString();
    const data = OrderInput.parse({ ...madeOrder(), externalId: String(payload['id']) });
    const order = toIncoming(data, { cancelled: false, updatedAt, scrub: [] });
    const publisher = createPublisher(readConfig(cloud.envOf('seed')));
    const log = createLog({ functionName: 'test', write: () => undefined });
    const acting = {
      actor: { type: 'platform', id: source.connectionId },
      requestId: randomId('request'),
    } as const;
    const received = await nothingStored(() =>
      receiveOrder(order, { ...source, platform: 'shopify' }, acting, { db, keyring, publisher, log, now }),
    );
    expect(received).toEqual({ outcome: 'erased', orderId: erased.orderId });
  });

  it('is refused and not stored when its merchant makes it again', async () => {
    const again = { body: madeOrder() };
    const withKey = { ...again, headers: { 'Idempotency-Key': 'again' } };
    for (const call of [again, withKey]) {
      const answer = await nothingStored(() => market.retailer.call('POST', '/v1/orders', call));
      expect([answer.status, (answer.json as { code: string }).code]).toEqual([409, 'ORDER_ERASED']);
    }
  });

  it('would be seen if it were stored, as another order is', async () => {
    const before = await contents('before');
    await market.deliver(market.order());
    const after = await contents('after');
    expect(Object.keys(after)).toHaveLength(2);
    for (const file of Object.keys(after)) expect(after[file]).not.toBe(before[file]);
    await expect(nothingStored(() => market.send(market.order()))).rejects.toThrow('written');
  });
});

/** Whether the retailer and the supplier are shown the address. */
async function opensFor({ orderId, supplyOrderId }: Both): Promise<[boolean, boolean]> {
  return [await opens(market.retailer, orderId), await opens(market.supplier, supplyOrderId)];
}

/** Both orders are gone and their keys too, the partners keep their trade, and nobody else lost anything. */
async function expectErased(): Promise<void> {
  const { retailer, supplier } = market;
  for (const { orderId, supplyOrderId } of [erased, made]) {
    expect((await retailer.call('GET', `/v1/orders/${orderId}`)).status).toBe(404);
    const trade = await supplier.call('GET', `/v1/orders/${supplyOrderId}`);
    expect(trade.json).toMatchObject({
      shipTo: null,
      code: '',
      state: 'fulfilled',
      erasedAt: SOME_TIME,
    });
    expect(await keys.sealed(orderId)).toBeUndefined();
    expect(await keys.recordKeyIds()).not.toContain(orderId);
  }
  expect(await keys.opening(sealed, ownerOf(erased))).toBe(0);
  const view = await supplier.call('GET', `/v1/orders/${viewed.supplyOrderId}`);
  expect(view.json).toMatchObject({ shipTo: null, code: '', erasedAt: SOME_TIME });
  expect(await keys.opening(sealedView, ownerOf(viewed), supplier.companyId)).toBe(0);
  expect(await opensFor(viewed)).toEqual([true, false]);
  expect(await opensFor(untouched)).toEqual([true, true]);
}

async function restore(...databases: DatabaseFolder[]): Promise<void> {
  const { firestore } = cloud.emulators;
  await importDatabases(firestore.address, cloud.projectId, join(folder, 'old'), databases);
}

/** With the rights of the identity that restores run it under. */
async function replay(): Promise<Pick<Replayed, 'ordersErased' | 'viewsRemoved'>> {
  const config = readConfig(cloud.envOf('replay-ledger'));
  const db = openFirestore(config, '(default)');
  const keyring = openKeyring(config, { now: Date.now });
  const acting = { actor: { type: 'system', id: null }, requestId: randomId('request') } as const;
  const { ordersErased, viewsRemoved } = await replayLedger(acting, {
    ...{ db, keyring, ledger: createLedger(config), now: Date.now },
  });
  await db.terminate();
  return { ordersErased, viewsRemoved };
}

/** `npm run replay-ledger` as a process of its own; what it said last. */
async function replayByCommand(): Promise<string> {
  const env = { PATH: process.env['PATH'], ...cloud.envOf('replay-ledger') };
  const script = join('infra', 'replay-ledger.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script], { cwd: ROOT, env });
  return stdout.trim().split('\n').at(-1) ?? '';
}

/** Fails when anything at all is written or published meanwhile, or when either database is another afterwards. */
async function nothingStored<T>(act: () => Promise<T>): Promise<T> {
  const doors = Object.values(cloud.doors);
  const written: DocumentWrite[] = [];
  const stops = doors.map((door) => door.observe((writes) => written.push(...writes)));
  const published = (): number => doors.reduce((sum, door) => sum + door.counts.snapshot().messages, 0);
  const before = { published: published(), databases: await contents('before') };
  const result = await act();
  for (const stop of stops) stop();
  expect({ written, published: published() }).toEqual({ written: [], published: before.published });
  expect(await contents('after')).toEqual(before.databases);
  return result;
}

async function contents(name: string): Promise<Record<string, string>> {
  await cloud.exportTo(join(folder, name));
  const files = filesBelow(join(folder, name)).filter(({ place }) => place.endsWith('joined'));
  return Object.fromEntries(
    files.map(({ place, bytes }) => [place, createHash('sha256').update(bytes).digest('hex')]),
  );
}

function ownerOf({ orderId }: Both): Party {
  return { companyId: market.retailer.companyId, orderId };
}
