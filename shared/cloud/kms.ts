import { crc32c } from '@aws-crypto/crc32c';
import { KeyManagementServiceClient, type protos } from '@google-cloud/kms';
import { credentials, status } from '@grpc/grpc-js';
import { sealBroken } from '../crypto/aead.ts';
import { KEY_BYTES } from '../crypto/derived-key.ts';
import { AppError } from '../domain/errors.ts';
import { type Config, hostAndPort } from './config.ts';
import { hasStatus } from './grpc-error.ts';

/**
 * What the hub asks of Cloud KMS. Every answer is checked before it is used. Calls fail with `UNAVAILABLE` when KMS
 * can not be reached or its answer was damaged on the way, and with `INTERNAL` when it refuses: a key that this
 * function may not use, or that is disabled or gone.
 */
export interface Kms {
  /** `version` is the full name of the key version that wrapped. */
  wrap(
    key: 'tenant' | 'recovery',
    plaintext: Buffer,
    aad: Buffer,
  ): Promise<{ ciphertext: Buffer; version: string }>;
  /** The 32 bytes of a key that `tenant` wrapped, or `by` says which, for the caller to zero; `SEAL_BROKEN` when they do not open. */
  unwrap(ciphertext: Buffer, aad: Buffer, by?: 'tenant' | 'recovery'): Promise<Buffer>;
  /** ECDSA in DER over a SHA-256 digest, by the version that is named or else the newest that is enabled. */
  signDigest(digest: Buffer, version?: string): Promise<{ signature: Buffer; version: string }>;
  /** The enabled versions of the signing key, the newest first: full names, and public keys in PEM. */
  publicKeys(): Promise<{ version: string; pem: string }[]>;
}

/** Three tries of 1.5 s: within the patience of a shop that waits five seconds for its webhook's answer. */
const CALL = { timeout: 1_500, maxRetries: 3 };

export function createKms(config: Pick<Config, 'cloudEndpoint' | 'kms'>): Kms {
  const { tenantKek, recoveryKek, attest } = config.kms;
  let connected: KeyManagementServiceClient | undefined;
  /** Made at the first call: it takes longer than all else that a function does before it listens. */
  const client = (): KeyManagementServiceClient => (connected ??= connect(config.cloudEndpoint));

  /** Full names, the newest first. */
  async function enabledVersions(): Promise<string[]> {
    const [versions] = await client().listCryptoKeyVersions({ parent: attest }, CALL).catch(refused);
    return versions
      .filter((version) => version.state === 'ENABLED')
      .map((version) => versionOf(attest, version.name))
      .sort((one, two) => numberOf(two) - numberOf(one));
  }

  async function publicKey(version: string): Promise<{ version: string; pem: string }> {
    const [answer] = await client().getPublicKey({ name: version }, CALL).catch(refused);
    if (answer.name !== version) throw anotherKey();
    const pem = intact(Buffer.from(answer.pem ?? '', 'utf8'), answer.pemCrc32c);
    return { version, pem: pem.toString('utf8') };
  }

  return {
    async wrap(key, plaintext, aad) {
      const name = key === 'tenant' ? tenantKek : recoveryKek;
      const [answer] = await client()
        .encrypt({ name, plaintext, plaintextCrc32c: checksum(plaintext), ...bound(aad) }, CALL)
        .catch(refused);
      if (answer.verifiedPlaintextCrc32c !== true) throw damaged();
      if (answer.verifiedAdditionalAuthenticatedDataCrc32c !== true) throw damaged();
      const ciphertext = intact(answer.ciphertext, answer.ciphertextCrc32c);
      return { ciphertext, version: versionOf(name, answer.name) };
    },

    async unwrap(ciphertext, aad, by = 'tenant') {
      const name = by === 'tenant' ? tenantKek : recoveryKek;
      const request = { name, ciphertext, ciphertextCrc32c: checksum(ciphertext), ...bound(aad) };
      const [answer] = await client().decrypt(request, CALL).catch(notOpened);
      const plaintext = intact(answer.plaintext, answer.plaintextCrc32c);
      if (plaintext.length === KEY_BYTES) return plaintext;
      plaintext.fill(0);
      throw sealBroken();
    },

    async signDigest(digest, named) {
      const version = named ?? (await enabledVersions())[0];
      if (version === undefined) throw new AppError('INTERNAL', 'no version of the signing key is enabled');
      const [answer] = await client()
        .asymmetricSign({ name: version, digest: { sha256: digest }, digestCrc32c: checksum(digest) }, CALL)
        .catch(refused);
      if (answer.verifiedDigestCrc32c !== true) throw damaged();
      if (answer.name !== version) throw anotherKey();
      return { signature: intact(answer.signature, answer.signatureCrc32c), version };
    },

    async publicKeys() {
      return Promise.all((await enabledVersions()).map(publicKey));
    },
  };
}

function connect(endpoint: string | undefined): KeyManagementServiceClient {
  if (endpoint === undefined) return new KeyManagementServiceClient();
  const { host, port } = hostAndPort(endpoint);
  return new KeyManagementServiceClient({
    apiEndpoint: host,
    port,
    sslCreds: credentials.createInsecure(),
  });
}

type Checksum = protos.google.protobuf.IInt64Value | null | undefined;

function checksum(bytes: Buffer): { value: number } {
  return { value: crc32c(bytes) };
}

function bound(aad: Buffer): {
  additionalAuthenticatedData: Buffer;
  additionalAuthenticatedDataCrc32c: { value: number };
} {
  return { additionalAuthenticatedData: aad, additionalAuthenticatedDataCrc32c: checksum(aad) };
}

/** The bytes of an answer when its checksum is there and right. They are not copied: who zeroes them zeroes them all. */
function intact(bytes: Uint8Array | string | null | undefined, sum: Checksum): Buffer {
  if (!(bytes instanceof Uint8Array)) throw damaged();
  if (String(sum?.value) !== String(crc32c(bytes))) throw damaged();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function versionOf(key: string, version: string | null | undefined): string {
  if (version?.startsWith(`${key}/cryptoKeyVersions/`) !== true) throw anotherKey();
  return version;
}

function numberOf(version: string): number {
  return Number.parseInt(version.slice(version.lastIndexOf('/') + 1), 10);
}

function refused(error: unknown): never {
  if (hasStatus(error, status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.RESOURCE_EXHAUSTED)) {
    throw new AppError('UNAVAILABLE', 'the key service can not be reached', { cause: error });
  }
  throw new AppError('INTERNAL', 'the key service refuses', { cause: error });
}

/** KMS says INVALID_ARGUMENT of a ciphertext that is not its own, or is bound to other data. */
function notOpened(error: unknown): never {
  if (hasStatus(error, status.INVALID_ARGUMENT)) throw sealBroken();
  return refused(error);
}

function damaged(): AppError {
  return new AppError('UNAVAILABLE', 'the answer of the key service was damaged on its way');
}

function anotherKey(): AppError {
  return new AppError('INTERNAL', 'the key service answered for another key');
}
