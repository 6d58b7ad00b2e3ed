import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { status } from '@grpc/grpc-js';
import { keyringCloud, type KeyringCloud } from './keyring-fixture.ts';

let cloud: KeyringCloud;

beforeEach(async () => {
  cloud = await keyringCloud();
});

afterEach(() => cloud.close());

describe('the lookup key', () => {
  it('is the same for all instances, those too that make it at the same moment', async () => {
    const lookups = await Promise.all(Array.from({ length: 10 }, () => cloud.instance().lookup()));
    lookups.push(await cloud.instance().lookup());
    const hashes = new Set(lookups.map((lookup) => lookup.hash('order', 'con_a', '1').toString('hex')));
    expect(hashes.size).toBe(1);
  });

  it('is loaded once for an instance, however many ask', async () => {
    await cloud.instance().lookup();
    const keyring = cloud.instance();
    cloud.door.counts.reset();
    await Promise.all(Array.from({ length: 50 }, () => keyring.lookup()));
    await keyring.lookup();
    expect(cloud.door.counts.snapshot()).toMatchObject({ reads: 1, writes: 0, kmsCalls: 1 });
  });

  it('is asked for again after a failure', async () => {
    await cloud.instance().lookup();
    const keyring = cloud.instance();
    cloud.kms.fail(status.UNAVAILABLE);
    await expect(keyring.lookup()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    cloud.kms.fail(null);
    expect((await keyring.lookup()).hash('line', 'a')).toHaveLength(32);
  });

  it('is not replaced when it does not open', async () => {
    await cloud.instance().lookup();
    const document = cloud.db.doc('lookup/current');
    await document.update({ wrapped: Buffer.from('changed') });
    await expect(cloud.instance().lookup()).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    expect((await document.get()).get('wrapped')).toEqual(Buffer.from('changed'));
  });
});
