import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Keyring, Party } from '../../shared/cloud/keyring.ts';
import { keyringCloud, type KeyringCloud, newParty, SHIP_TO } from './keyring-fixture.ts';

let cloud: KeyringCloud;
let keyring: Keyring;
let owner: Party;
let holder: Party;
let sealed: Buffer;

beforeAll(async () => {
  cloud = await keyringCloud();
  keyring = cloud.instance();
});

afterAll(() => cloud.close());

/** A fresh order of a fresh company, and a company that it may be shared with. */
async function newOrder(): Promise<void> {
  [owner, holder] = [newParty(), newParty()];
  await Promise.all([keyring.createCompanyKey(owner.companyId), keyring.createCompanyKey(holder.companyId)]);
  sealed = (await keyring.createRecordKey(owner)).sealShipTo(SHIP_TO);
}

const opened = async (who: Party) => (await keyring.recordKey(owner, who)).openShipTo(sealed);

describe('a record key', () => {
  it('opens for its owner, on this instance and on another', async () => {
    await newOrder();
    expect(await opened(owner)).toEqual(SHIP_TO);
    const elsewhere = await cloud.instance().recordKey(owner, owner);
    expect(elsewhere.openShipTo(sealed)).toEqual(SHIP_TO);
    expect(elsewhere.id).toBe(owner.orderId);
  });

  it('is made by one write, and nothing is read', async () => {
    await newOrder();
    cloud.door.counts.reset();
    await keyring.createRecordKey(newParty(owner.companyId));
    expect(cloud.door.counts.snapshot()).toMatchObject({ reads: 0, writes: 1, kmsCalls: 0 });
  });

  it('is the same key for every copy of one delivery, at once or later', async () => {
    await newOrder();
    const again = newParty(owner.companyId);
    const instances = Array.from({ length: 20 }, () => cloud.instance());
    const keys = await Promise.all(instances.map((instance) => instance.createRecordKey(again)));
    const macs = new Set(keys.map((key) => key.shipToMac(SHIP_TO).toString('hex')));
    expect(macs.size).toBe(1);
    expect((await keyring.createRecordKey(owner)).openShipTo(sealed)).toEqual(SHIP_TO);
  });

  it('is a fresh one for each order', async () => {
    await newOrder();
    const other = await keyring.createRecordKey(newParty(owner.companyId));
    const key = await keyring.recordKey(owner, owner);
    expect(other.shipToMac(SHIP_TO)).not.toEqual(key.shipToMac(SHIP_TO));
  });

  it('is not made for a company without a key', async () => {
    await expect(keyring.createRecordKey(newParty())).rejects.toMatchObject({ code: 'KEY_GONE' });
  });

  it('is nowhere in the clear: the database holds sealed bytes only', async () => {
    await newOrder();
    const snapshot = await cloud.db.doc(`recordKeys/${owner.orderId}`).get();
    expect(snapshot.data()).toEqual({
      owner: owner.companyId,
      wraps: {
        [owner.orderId]: {
          holder: owner.companyId,
          companyKeyVersion: 1,
          wrapped: expect.objectContaining({ length: 1 + 12 + 32 + 16 }) as Buffer,
        },
      },
      createdAt: '2030-01-01T00:00:00.000Z',
    });
  });
});

describe('sharing', () => {
  it('lets the other company open, and nobody else', async () => {
    await newOrder();
    await expect(opened(holder)).rejects.toMatchObject({ code: 'KEY_GONE' });
    await keyring.share(owner, holder);
    expect(await opened(holder)).toEqual(SHIP_TO);
    expect(await opened(owner)).toEqual(SHIP_TO);
    const stranger = newParty();
    await expect(opened(stranger)).rejects.toMatchObject({ code: 'KEY_GONE' });
    await expect(opened({ ...holder, companyId: owner.companyId })).rejects.toMatchObject({
      code: 'SEAL_BROKEN',
    });
    await expect(keyring.recordKey({ ...owner, companyId: holder.companyId }, owner)).rejects.toMatchObject({
      code: 'SEAL_BROKEN',
    });
  });

  it('writes nothing the second time', async () => {
    await newOrder();
    await keyring.share(owner, holder);
    cloud.door.counts.reset();
    await keyring.share(owner, holder);
    expect(cloud.door.counts.snapshot()).toMatchObject({ reads: 1, writes: 0 });
  });

  it('keeps every wrap when many partners get theirs at once', async () => {
    await newOrder();
    const partners = Array.from({ length: 8 }, () => newParty(holder.companyId));
    await Promise.all(partners.map((partner) => keyring.share(owner, partner)));
    for (const partner of partners) expect(await opened(partner)).toEqual(SHIP_TO);
  });

  it('ends for one company when its wrap is taken away, and can be repeated', async () => {
    await newOrder();
    await keyring.share(owner, holder);
    await keyring.unshare(owner, holder);
    await keyring.unshare(owner, holder);
    await expect(opened(holder)).rejects.toMatchObject({ code: 'KEY_GONE' });
    expect(await opened(owner)).toEqual(SHIP_TO);
  });

  it('moves no wrap: one that is copied to another order or holder does not open', async () => {
    await newOrder();
    const other = newParty(owner.companyId);
    await keyring.createRecordKey(other);
    const wraps = (await cloud.db.doc(`recordKeys/${owner.orderId}`).get()).get('wraps') as Record<
      string,
      object
    >;
    const wrap = wraps[owner.orderId];
    await cloud.db
      .doc(`recordKeys/${other.orderId}`)
      .update({ wraps: { [other.orderId]: wrap, [holder.orderId]: wrap } });
    await expect(keyring.recordKey(other, other)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    await expect(keyring.recordKey(other, holder)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
  });
});

describe('a destroyed key', () => {
  it('opens for nobody, and can be destroyed again', async () => {
    await newOrder();
    await keyring.share(owner, holder);
    expect(await keyring.recordKeyExists(owner.orderId)).toBe(true);
    await keyring.destroyRecordKey(owner.orderId);
    await keyring.destroyRecordKey(owner.orderId);
    expect(await keyring.recordKeyExists(owner.orderId)).toBe(false);
    await expect(opened(owner)).rejects.toMatchObject({ code: 'KEY_GONE' });
    await expect(opened(holder)).rejects.toMatchObject({ code: 'KEY_GONE' });
  });

  it('does not come back by a late share or unshare', async () => {
    await newOrder();
    await keyring.destroyRecordKey(owner.orderId);
    await expect(keyring.share(owner, holder)).rejects.toMatchObject({ code: 'KEY_GONE' });
    await keyring.unshare(owner, holder);
    expect(await keyring.recordKeyExists(owner.orderId)).toBe(false);
  });

  it('does not come back by a share that was under way', async () => {
    await newOrder();
    let unwrapped = 0;
    const slow = cloud.instance((kms) => ({
      ...kms,
      // The owner's key comes first. While the holder's is on its way, the order is erased.
      async unwrap(ciphertext, aad) {
        unwrapped += 1;
        if (unwrapped === 2) await keyring.destroyRecordKey(owner.orderId);
        return kms.unwrap(ciphertext, aad);
      },
    }));
    await expect(slow.share(owner, holder)).rejects.toMatchObject({ code: 'KEY_GONE' });
    expect(unwrapped).toBe(2);
    expect(await keyring.recordKeyExists(owner.orderId)).toBe(false);
  });
});

describe('the list of record keys', () => {
  it('comes in pages by order id, and names owners, partners and times', async () => {
    await newOrder();
    await keyring.share(owner, holder);
    const all = await keyring.recordKeys('', 1000);
    const ids = all.map(({ orderId }) => orderId);
    expect(ids).toEqual([...ids].sort());
    expect(all.find(({ orderId }) => orderId === owner.orderId)).toEqual({
      ...owner,
      holders: [holder],
      createdAt: '2030-01-01T00:00:00.000Z',
    });
    const paged: typeof all = [];
    for (;;) {
      const page = await keyring.recordKeys(paged.at(-1)?.orderId ?? '', 3);
      if (page.length === 0) break;
      expect(page.length).toBeLessThanOrEqual(3);
      paged.push(...page);
    }
    expect(paged).toEqual(all);
  });
});
