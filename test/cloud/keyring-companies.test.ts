import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { status } from '@grpc/grpc-js';
import type { Keyring } from '../../shared/cloud/keyring.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { keyringCloud, type KeyringCloud, newParty, SHIP_TO } from './keyring-fixture.ts';

const MINUTE = 60_000;
let cloud: KeyringCloud;
let keyring: Keyring;

beforeAll(async () => {
  cloud = await keyringCloud();
  keyring = cloud.instance();
});

afterEach(() => {
  cloud.kms.fail(null);
  cloud.bridged.length = 0;
});

afterAll(() => cloud.close());

async function newCompany(): Promise<string> {
  const companyId = randomId('company');
  await keyring.createCompanyKey(companyId);
  return companyId;
}

describe('a company key', () => {
  it('is wrapped twice, for us and for recovery, and stays what it was when made again', async () => {
    const companyId = await newCompany();
    const before = (await cloud.db.doc(`companyKeys/${companyId}`).get()).data();
    await keyring.createCompanyKey(companyId);
    const after = (await cloud.db.doc(`companyKeys/${companyId}`).get()).data();
    expect(after).toEqual(before);
    expect(after).toMatchObject({
      active: 1,
      versions: { 1: { state: 'active', kekVersion: expect.stringContaining('/tenant-kek/') as string } },
      createdAt: '2030-01-01T00:00:00.000Z',
    });
    const { wrapped, recovery } = (after?.['versions'] as Record<string, Record<string, Buffer>>)['1'] ?? {};
    expect(wrapped).toBeInstanceOf(Buffer);
    expect(recovery).toBeInstanceOf(Buffer);
    expect(wrapped).not.toEqual(recovery);
  });

  it('does not unwrap as the key of another company', async () => {
    const [one, two] = [await newCompany(), await newCompany()];
    const document = await cloud.db.doc(`companyKeys/${one}`).get();
    await cloud.db.doc(`companyKeys/${two}`).set(document.data() ?? {});
    await expect(cloud.instance().createRecordKey(newParty(two))).rejects.toMatchObject({
      code: 'SEAL_BROKEN',
    });
  });

  it('is not taken out of a document that is not as we write it', async () => {
    const companyId = await newCompany();
    await cloud.db.doc(`companyKeys/${companyId}`).update({ active: '1' });
    await expect(keyring.createRecordKey(newParty(companyId))).rejects.toMatchObject({
      code: 'SEAL_BROKEN',
    });
  });
});

describe('calls to KMS', () => {
  it('are one for each company and one for the lookup key, however many orders come at once', async () => {
    const companies = await Promise.all(Array.from({ length: 20 }, newCompany));
    await keyring.lookup();
    const fresh = cloud.instance();
    cloud.door.counts.reset();
    const owners = Array.from({ length: 400 }, (_, index) => newParty(companies[index % companies.length]));
    await Promise.all(
      owners.map(async (owner) => {
        await fresh.lookup();
        const sealed = (await fresh.createRecordKey(owner)).sealShipTo(SHIP_TO);
        expect((await fresh.recordKey(owner, owner)).openShipTo(sealed)).toEqual(SHIP_TO);
      }),
    );
    const { kmsCalls, writes, reads } = cloud.door.counts.snapshot();
    expect({ kmsCalls, writes, reads }).toEqual({ kmsCalls: 21, writes: 400, reads: 400 + 21 });
  });
});

describe('while KMS is down', () => {
  it('records open for an hour, with an alarm; when it denies they do not', async () => {
    const owner = newParty(await newCompany());
    const sealed = (await keyring.createRecordKey(owner)).sealShipTo(SHIP_TO);

    cloud.kms.fail(status.UNAVAILABLE);
    cloud.time += 30 * MINUTE;
    expect((await keyring.recordKey(owner, owner)).openShipTo(sealed)).toEqual(SHIP_TO);
    expect(cloud.bridged).toEqual([owner.companyId]);

    cloud.time += 30 * MINUTE;
    await expect(keyring.recordKey(owner, owner)).rejects.toMatchObject({ code: 'UNAVAILABLE' });

    cloud.kms.fail(null);
    expect((await keyring.recordKey(owner, owner)).openShipTo(sealed)).toEqual(SHIP_TO);
    cloud.kms.fail(status.PERMISSION_DENIED);
    cloud.time += 5 * MINUTE;
    await expect(keyring.recordKey(owner, owner)).rejects.toMatchObject({ code: 'INTERNAL' });
    cloud.kms.fail(status.UNAVAILABLE);
    await expect(keyring.recordKey(owner, owner)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(cloud.bridged).toEqual([owner.companyId]);
  });
});

describe('a secret of a company', () => {
  it('opens for its purpose, on any instance', async () => {
    const companyId = await newCompany();
    const secret = Buffer.from('a webhook secret');
    const sealed = await keyring.sealSecret(companyId, 'con_a', secret);
    expect(await cloud.instance().openSecret(companyId, 'con_a', sealed)).toEqual(secret);
  });

  it('opens for no other purpose and no other company', async () => {
    const [one, two] = [await newCompany(), await newCompany()];
    const sealed = await keyring.sealSecret(one, 'con_a', Buffer.from('a webhook secret'));
    for (const attempt of [
      () => keyring.openSecret(one, 'con_b', sealed),
      () => keyring.openSecret(two, 'con_a', sealed),
      () => keyring.openSecret(one, 'con_a', Buffer.alloc(3)),
      () => keyring.openSecret(one, 'con_a', Buffer.concat([Buffer.from([0, 0, 0, 9]), sealed.subarray(4)])),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    }
  });
});
