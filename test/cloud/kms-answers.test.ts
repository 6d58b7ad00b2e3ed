import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { crc32c } from '@aws-crypto/crc32c';
import {
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKms, type Kms } from '../../shared/cloud/kms.ts';

type Answer = Record<string, unknown>;

const keys = {
  tenantKek: 'projects/p/locations/global/keyRings/strongroom/cryptoKeys/tenant-kek',
  recoveryKek: 'projects/p-offsite/locations/global/keyRings/strongroom/cryptoKeys/recovery-kek',
  attest: 'projects/p/locations/global/keyRings/strongroom/cryptoKeys/attest',
};
const attestVersion = `${keys.attest}/cryptoKeyVersions/1`;
const key = Buffer.alloc(32, 7);
const ciphertext = Buffer.from('ciphertext');
const signature = Buffer.from('signature');
const sum = (bytes: Buffer) => ({ value: crc32c(bytes) });

/** What an honest KMS answers, by method. */
const honest: Record<string, Answer> = {
  Encrypt: {
    name: `${keys.tenantKek}/cryptoKeyVersions/1`,
    ciphertext,
    ciphertextCrc32c: sum(ciphertext),
    verifiedPlaintextCrc32c: true,
    verifiedAdditionalAuthenticatedDataCrc32c: true,
  },
  Decrypt: { plaintext: key, plaintextCrc32c: sum(key) },
  AsymmetricSign: {
    name: attestVersion,
    signature,
    signatureCrc32c: sum(signature),
    verifiedDigestCrc32c: true,
  },
  ListCryptoKeyVersions: { cryptoKeyVersions: [{ name: attestVersion, state: 'ENABLED' }] },
  GetPublicKey: { name: attestVersion, pem: 'a key', pemCrc32c: sum(Buffer.from('a key')) },
};

/** Answers whatever it is told to, over real gRPC. */
let answers = honest;
let server: Server;
let kms: Kms;

beforeAll(async () => {
  const path = fileURLToPath(import.meta.resolve('@google-cloud/kms/build/protos/protos.json'));
  const protos = JSON.parse(readFileSync(path, 'utf8')) as Parameters<typeof fromJSON>[0];
  const definition = fromJSON(protos, { longs: Number, enums: String })[
    'google.cloud.kms.v1.KeyManagementService'
  ] as ServiceClientConstructor['service'];
  const offered: ServiceDefinition = Object.fromEntries(
    Object.entries(definition).filter(([method]) => method in honest),
  );
  server = new Server();
  server.addService(
    offered,
    Object.fromEntries(
      Object.keys(offered).map((method) => [
        method,
        (_call: unknown, callback: (error: null, answer: unknown) => void) => {
          callback(null, answers[method]);
        },
      ]),
    ),
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  kms = createKms({ cloudEndpoint: `127.0.0.1:${port}`, kms: keys });
});

afterAll(() => {
  server.forceShutdown();
});

const aad = Buffer.from('place');
const calls: Record<string, () => Promise<unknown>> = {
  Encrypt: () => kms.wrap('tenant', Buffer.alloc(32), aad),
  Decrypt: () => kms.unwrap(Buffer.from('ciphertext'), aad),
  AsymmetricSign: () => kms.signDigest(Buffer.alloc(32)),
  ListCryptoKeyVersions: () => kms.publicKeys(),
  GetPublicKey: () => kms.publicKeys(),
};

async function answered(method: string, change: Answer): Promise<unknown> {
  answers = { ...honest, [method]: { ...honest[method], ...change } };
  return calls[method]?.().catch((error: unknown) => (error as { code: string }).code);
}

const wrongSum = { value: 1 };
const elsewhere = `${keys.recoveryKek}/cryptoKeyVersions/1`;

describe('an answer of KMS', () => {
  it('is taken when all of it is right', async () => {
    expect(await answered('Encrypt', {})).toEqual({
      ciphertext,
      version: `${keys.tenantKek}/cryptoKeyVersions/1`,
    });
    expect(await answered('Decrypt', {})).toEqual(key);
    expect(await answered('AsymmetricSign', {})).toEqual({ signature, version: attestVersion });
    expect(await answered('GetPublicKey', {})).toEqual([{ version: attestVersion, pem: 'a key' }]);
  });

  it.each([
    ['Encrypt', 'a wrong checksum', { ciphertextCrc32c: wrongSum }],
    ['Encrypt', 'no checksum', { ciphertextCrc32c: null }],
    ['Encrypt', 'no bytes', { ciphertext: null }],
    ['Encrypt', 'an unverified plaintext', { verifiedPlaintextCrc32c: false }],
    ['Encrypt', 'unverified data', { verifiedAdditionalAuthenticatedDataCrc32c: false }],
    ['Decrypt', 'a wrong checksum', { plaintextCrc32c: wrongSum }],
    ['Decrypt', 'no checksum', { plaintextCrc32c: null }],
    ['Decrypt', 'one changed byte', { plaintext: Buffer.alloc(32, 8) }],
    ['AsymmetricSign', 'a wrong checksum', { signatureCrc32c: wrongSum }],
    ['AsymmetricSign', 'an unverified digest', { verifiedDigestCrc32c: false }],
    ['GetPublicKey', 'a wrong checksum', { pemCrc32c: wrongSum }],
    ['GetPublicKey', 'no checksum', { pemCrc32c: null }],
  ])('is as good as none: %s with %s', async (method, _what, change) => {
    expect(await answered(method, change)).toBe('UNAVAILABLE');
  });

  it.each([
    ['Encrypt', { name: elsewhere }],
    ['Encrypt', { name: keys.tenantKek }],
    ['AsymmetricSign', { name: elsewhere }],
    ['GetPublicKey', { name: elsewhere }],
    ['ListCryptoKeyVersions', { cryptoKeyVersions: [{ name: elsewhere, state: 'ENABLED' }] }],
  ])('is refused when it is of another key: %s with %j', async (method, change) => {
    expect(await answered(method, change)).toBe('INTERNAL');
  });

  it.each([0, 16, 31, 33])('is not a key when it has %i bytes', async (length) => {
    const plaintext = Buffer.alloc(length, 7);
    expect(await answered('Decrypt', { plaintext, plaintextCrc32c: sum(plaintext) })).toBe('SEAL_BROKEN');
  });

  it('that names no enabled version signs nothing', async () => {
    answers = { ...honest, ListCryptoKeyVersions: { cryptoKeyVersions: [] } };
    await expect(kms.signDigest(Buffer.alloc(32))).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await kms.publicKeys()).toEqual([]);
  });
});
