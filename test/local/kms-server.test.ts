import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { provisionKeys } from '../../local/kms/provision.ts';
import { startKms } from '../../local/kms/server.ts';
import {
  createKey,
  DAY,
  folder,
  handClock,
  KEY,
  openKms,
  openKmsWithKey,
  refusal,
  RING,
  SIGNING,
  START,
  version,
} from './kms-fixture.ts';

const PLAINTEXT = Buffer.from('a company key');

/** The parts of the key file that a test looks at. */
interface Stored {
  cryptoKeys: { versions: { material: string | null }[] }[];
}

function materials(dataDir: string): (string | null)[] {
  const stored = JSON.parse(readFileSync(join(dataDir, 'kms', 'keys.json'), 'utf8')) as Stored;
  return stored.cryptoKeys.flatMap((key) => key.versions.map((each) => each.material));
}

describe('a restart', () => {
  it('opens what was sealed before and signs with the same key', async () => {
    const dataDir = folder();
    const before = await openKmsWithKey({ dataDir });
    const signing = version(1, await createKey(before.client, 'signing', SIGNING));
    const [sealed] = await before.client.encrypt({ name: KEY, plaintext: PLAINTEXT });
    const [publicKey] = await before.client.getPublicKey({ name: signing });
    await before.close();

    const after = await openKms({ dataDir });
    const [opened] = await after.client.decrypt({ name: KEY, ciphertext: sealed.ciphertext as Uint8Array });
    expect(Buffer.from(opened.plaintext as Uint8Array)).toEqual(PLAINTEXT);
    expect((await after.client.getPublicKey({ name: signing }))[0].pem).toBe(publicKey.pem);
    expect((await after.client.getKeyRing({ name: RING }))[0].name).toBe(RING);
  });

  it('destroys at once what fell due while nothing ran', async () => {
    const dataDir = folder();
    const clock = handClock();
    const before = await openKmsWithKey({ dataDir, now: clock.now });
    await before.client.destroyCryptoKeyVersion({ name: version(1) });
    await before.close();
    expect(materials(dataDir)).toEqual([expect.any(String)]);
    clock.advance(30 * DAY);
    await openKms({ dataDir, now: clock.now });
    expect(materials(dataDir)).toEqual([null]);
  });

  it('forgets everything when there is no data folder', async () => {
    const before = await openKmsWithKey();
    await before.close();
    const after = await openKms();
    expect(await refusal(after.client.getCryptoKey({ name: KEY }))).toBe('NOT_FOUND');
  });

  it('throws away the copy that a killed run left half written', async () => {
    const dataDir = folder();
    const before = await openKmsWithKey({ dataDir });
    await before.close();
    writeFileSync(join(dataDir, 'kms', 'keys.json.new'), '{"format":1,"keyR');
    const after = await openKms({ dataDir });
    expect(readdirSync(join(dataDir, 'kms'))).toEqual(['keys.json']);
    expect((await after.client.getCryptoKey({ name: KEY }))[0].name).toBe(KEY);
  });

  it('refuses to start from a damaged file instead of starting with no keys', async () => {
    const dataDir = folder();
    const before = await openKmsWithKey({ dataDir });
    await before.close();
    writeFileSync(join(dataDir, 'kms', 'keys.json'), '{"format":2}');
    await expect(startKms({ dataDir })).rejects.toThrow('can not be read');
  });
});

describe('the key file', () => {
  it('is for its owner alone and has no copy beside it', async () => {
    const dataDir = folder();
    await openKmsWithKey({ dataDir });
    expect(statSync(join(dataDir, 'kms', 'keys.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(dataDir, 'kms'))).toEqual(['keys.json']);
  });

  it('loses the material of a version when its destruction is due', async () => {
    const dataDir = folder();
    const clock = handClock();
    const { client } = await openKmsWithKey({ dataDir, now: clock.now });
    const [material] = materials(dataDir);
    await client.destroyCryptoKeyVersion({ name: version(1) });
    clock.advance(30 * DAY);
    await client.getCryptoKey({ name: KEY });
    expect(readFileSync(join(dataDir, 'kms', 'keys.json'), 'utf8')).not.toContain(material);
  });
});

describe('while nobody calls', () => {
  it('a destruction that falls due takes place all the same', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const dataDir = folder();
    const clock = handClock();
    const { client } = await openKmsWithKey({ dataDir, now: clock.now });
    await client.destroyCryptoKeyVersion({ name: version(1) });
    clock.advance(30 * DAY);
    expect(materials(dataDir)).toEqual([expect.any(String)]);
    vi.advanceTimersByTime(60_000);
    expect(materials(dataDir)).toEqual([null]);
  });
});

describe('the server', () => {
  it('counts every call by its method, the refused ones too', async () => {
    const { kms, client } = await openKmsWithKey();
    await client.encrypt({ name: KEY, plaintext: PLAINTEXT });
    await refusal(client.encrypt({ name: `${KEY}2`, plaintext: PLAINTEXT }));
    expect(kms.calls.get('Encrypt')).toBe(2);
    expect(kms.calls.get('CreateCryptoKey')).toBe(1);
    expect(kms.calls.get('Decrypt')).toBeUndefined();
  });

  it('answers the status it was told to until it is told otherwise', async () => {
    const { kms, client } = await openKmsWithKey();
    const encrypt = () => refusal(client.encrypt({ name: KEY, plaintext: PLAINTEXT }));
    kms.fail(status.PERMISSION_DENIED);
    expect([await encrypt(), await encrypt()]).toEqual(['PERMISSION_DENIED', 'PERMISSION_DENIED']);
    kms.fail(null);
    expect(await encrypt()).toBe('OK');
  });

  it('lets the official client ride out a time in which it is unavailable', async () => {
    const { kms, client } = await openKmsWithKey();
    kms.fail(status.UNAVAILABLE);
    const call = refusal(client.encrypt({ name: KEY, plaintext: PLAINTEXT }));
    await vi.waitFor(() => {
      expect(kms.calls.get('Encrypt')).toBeGreaterThan(1);
    });
    kms.fail(null);
    expect(await call).toBe('OK');
  });

  it('says that a method is not offered instead of pretending', async () => {
    const { client } = await openKmsWithKey();
    const call = client.macSign({ name: version(1), data: PLAINTEXT });
    expect(await refusal(call)).toBe('UNIMPLEMENTED');
  });

  it('refuses to start on a port that is taken', async () => {
    const { kms } = await openKms();
    await expect(startKms({ port: kms.port })).rejects.toThrow('EADDRINUSE');
  });
});

describe('provisioning', () => {
  it('makes the three keys of the hub, and leaves them as they are the second time', async () => {
    const clock = handClock();
    const { kms, client } = await openKms({ now: clock.now });
    const provision = () => provisionKeys({ port: kms.port, projectId: 'hub', now: clock.now });
    const names = await provision();
    expect(names).toEqual({
      tenantKek: 'projects/hub/locations/global/keyRings/strongroom/cryptoKeys/tenant-kek',
      recoveryKek: 'projects/hub-offsite/locations/global/keyRings/strongroom/cryptoKeys/recovery-kek',
      attest: 'projects/hub/locations/global/keyRings/strongroom/cryptoKeys/attest',
    });
    const [tenantKek] = await client.getCryptoKey({ name: names.tenantKek });
    expect(Number(tenantKek.rotationPeriod?.seconds)).toBe((90 * DAY) / 1000);
    expect(Number(tenantKek.nextRotationTime?.seconds) * 1000).toBe(START + 90 * DAY);
    expect((await client.getCryptoKey({ name: names.recoveryKek }))[0].purpose).toBe('ENCRYPT_DECRYPT');
    expect((await client.getCryptoKey({ name: names.attest }))[0].purpose).toBe('ASYMMETRIC_SIGN');
    clock.advance(DAY);
    expect(await provision()).toEqual(names);
    expect((await client.getCryptoKey({ name: names.tenantKek }))[0]).toEqual(tenantKek);
  });
});
