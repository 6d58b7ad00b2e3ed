import { randomBytes } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Keyring, Party } from '../../shared/cloud/keyring.ts';
import { openFirestore, paths } from '../../shared/cloud/firestore.ts';
import { removeOrphans } from '../../shared/orders/orphans.ts';
import { type KeyringCloud, keyringCloud, newParty, SHIP_TO } from '../cloud/keyring-fixture.ts';

const DAY = 24 * 60 * 60_000;

let cloud: KeyringCloud;
let db: Firestore;
let keyring: Keyring;
let company: string;
beforeAll(async () => {
  cloud = await keyringCloud();
  db = openFirestore({ projectId: cloud.projectId, cloudEndpoint: cloud.door.cloudEndpoint }, '(default)');
  keyring = cloud.instance();
  company = `cmp_${randomBytes(4).toString('hex')}`;
  await keyring.createCompanyKey(company);
});
afterAll(async () => {
  await db.terminate();
  await cloud.close();
});
beforeEach(() => {
  cloud.time += 10 * DAY;
});

async function leftBehind(): Promise<Party> {
  const owner = newParty(company);
  await keyring.createRecordKey(owner);
  return owner;
}

const run = (through: Partial<Keyring> = {}, after = '') =>
  removeOrphans(after, { db, now: () => cloud.time, keyring: { ...keyring, ...through } });

it('a key is removed when its order was never stored or was erased, and stays when the order is there', async () => {
  const [never, erased, there] = [await leftBehind(), await leftBehind(), await leftBehind()];
  await db
    .doc(paths.orderRef(erased.orderId))
    .set({ companyId: company, erasedAt: '2030-01-01T00:00:00.000Z' });
  await db.doc(paths.orderRef(there.orderId)).set({ companyId: company, erasedAt: null });
  expect(await run()).toEqual({ next: '', removed: 0 });
  cloud.time += DAY + 1;
  expect(await run()).toEqual({ next: '', removed: 2 });
  expect(await keyring.recordKeyExists(never.orderId)).toBe(false);
  expect(await keyring.recordKeyExists(erased.orderId)).toBe(false);
  expect(await keyring.recordKeyExists(there.orderId)).toBe(true);
});

it('a key stays that an order has taken up just before it would have been destroyed', async () => {
  const owner = await leftBehind();
  cloud.time += DAY + 1;
  const removed = await run({
    destroyUnused: async (listed) => {
      // The delivery comes once more after all, on another instance.
      await cloud.instance().createRecordKey(owner);
      return keyring.destroyUnused(listed);
    },
  });
  expect(removed.removed).toBe(0);
  expect(await keyring.recordKeyExists(owner.orderId)).toBe(true);
});

it('an order that comes just after its old key was destroyed gets another one', async () => {
  const owner = await leftBehind();
  cloud.time += DAY + 1;
  await run();
  expect(await keyring.recordKeyExists(owner.orderId)).toBe(false);
  const key = await keyring.createRecordKey(owner);
  const sealed = key.sealShipTo(SHIP_TO);
  expect((await keyring.recordKey(owner, owner)).openShipTo(sealed)).toEqual(SHIP_TO);
});

it('looks at a bounded number of keys a run, and at all of them in turns', async () => {
  await Promise.all(Array.from({ length: 60 }, leftBehind));
  cloud.time += DAY + 1;
  const first = await run();
  expect(first.removed).toBeLessThanOrEqual(50);
  expect(first.next).not.toBe('');
  const second = await run({}, first.next);
  expect(second.next).toBe('');
  expect(first.removed + second.removed).toBeGreaterThanOrEqual(60);
});
