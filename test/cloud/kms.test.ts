import { createHash, randomBytes, verify } from 'node:crypto';
import { credentials, status } from '@grpc/grpc-js';
import { KeyManagementServiceClient } from '@google-cloud/kms';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type KeyNames, provisionKeys } from '../../local/kms/provision.ts';
import { type KmsStandIn, startKms } from '../../local/kms/server.ts';
import { createKms, type Kms } from '../../shared/cloud/kms.ts';

const aad = Buffer.from('place');
let standIn: KmsStandIn;
let names: KeyNames;
let kms: Kms;
let admin: KeyManagementServiceClient;

beforeAll(async () => {
  standIn = await startKms({});
  names = await provisionKeys({ port: standIn.port, projectId: 'kms-test', now: Date.now });
  kms = createKms({ cloudEndpoint: `127.0.0.1:${standIn.port}`, kms: names });
  admin = new KeyManagementServiceClient({
    apiEndpoint: '127.0.0.1',
    port: standIn.port,
    sslCreds: credentials.createInsecure(),
  });
});

afterEach(() => {
  standIn.fail(null);
});

afterAll(async () => {
  await admin.close();
  await standIn.close();
});

describe('a key wrapped by KMS', () => {
  it('unwraps in its place', async () => {
    const key = randomBytes(32);
    const { ciphertext, version } = await kms.wrap('tenant', key, aad);
    expect(version).toBe(`${names.tenantKek}/cryptoKeyVersions/1`);
    expect(await kms.unwrap(ciphertext, aad)).toEqual(key);
  });

  it('does not unwrap in another place, changed, or wrapped for recovery', async () => {
    const { ciphertext } = await kms.wrap('tenant', randomBytes(32), aad);
    const recovery = await kms.wrap('recovery', randomBytes(32), aad);
    expect(recovery.version).toBe(`${names.recoveryKek}/cryptoKeyVersions/1`);
    const changed = Buffer.from(ciphertext);
    changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
    for (const attempt of [
      () => kms.unwrap(ciphertext, Buffer.from('elsewhere')),
      () => kms.unwrap(changed, aad),
      () => kms.unwrap(recovery.ciphertext, aad),
      () => kms.unwrap(Buffer.alloc(0), aad),
    ]) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'SEAL_BROKEN',
        message: 'The record can not be opened',
      });
    }
  });

  it('must have the length of a key', async () => {
    const { ciphertext } = await kms.wrap('tenant', randomBytes(31), aad);
    await expect(kms.unwrap(ciphertext, aad)).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
  });
});

describe('a KMS that does not do as asked', () => {
  it.each([status.UNAVAILABLE, status.RESOURCE_EXHAUSTED])('is not reachable: status %i', async (answer) => {
    standIn.fail(answer);
    await expect(kms.wrap('tenant', randomBytes(32), aad)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(kms.unwrap(Buffer.alloc(64), aad)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(kms.signDigest(Buffer.alloc(32))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(kms.publicKeys()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('is asked three times at most', async () => {
    standIn.fail(status.UNAVAILABLE);
    const before = standIn.calls.get('Decrypt') ?? 0;
    await expect(kms.unwrap(Buffer.alloc(64), aad)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect((standIn.calls.get('Decrypt') ?? 0) - before).toBe(3);
  });

  it.each([status.PERMISSION_DENIED, status.FAILED_PRECONDITION, status.NOT_FOUND, status.UNAUTHENTICATED])(
    'refuses, which is another thing, and is not asked again: status %i',
    async (answer) => {
      standIn.fail(answer);
      const before = standIn.calls.get('Decrypt') ?? 0;
      await expect(kms.unwrap(Buffer.alloc(64), aad)).rejects.toMatchObject({ code: 'INTERNAL' });
      expect((standIn.calls.get('Decrypt') ?? 0) - before).toBe(1);
    },
  );

  it('is not there at all', async () => {
    const nobody = createKms({ cloudEndpoint: '127.0.0.1:1', kms: names });
    await expect(nobody.unwrap(Buffer.alloc(64), aad)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('the signing key', () => {
  const digest = createHash('sha256').update('a statement').digest();

  it('signs by the newest enabled version, and its public key verifies', async () => {
    const { signature, version } = await kms.signDigest(digest);
    const [newest] = await kms.publicKeys();
    expect(newest?.version).toBe(version);
    expect(verify('sha256', Buffer.from('a statement'), newest?.pem ?? '', signature)).toBe(true);
  });

  it('is shown in all enabled versions, the newest first, and signs by the one that is named', async () => {
    const [old] = await kms.publicKeys();
    for (let made = 0; made < 10; made += 1) {
      await admin.createCryptoKeyVersion({ parent: names.attest, cryptoKeyVersion: {} });
    }
    const third = `${names.attest}/cryptoKeyVersions/3`;
    await admin.updateCryptoKeyVersion({
      cryptoKeyVersion: { name: third, state: 'DISABLED' },
      updateMask: { paths: ['state'] },
    });
    const versions = (await kms.publicKeys()).map(({ version }) => version.split('/').at(-1));
    expect(versions).toEqual(['11', '10', '9', '8', '7', '6', '5', '4', '2', '1']);
    expect((await kms.signDigest(digest)).version).toBe(`${names.attest}/cryptoKeyVersions/11`);
    const { signature } = await kms.signDigest(digest, old?.version);
    expect(verify('sha256', Buffer.from('a statement'), old?.pem ?? '', signature)).toBe(true);
    await expect(kms.signDigest(digest, third)).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});
