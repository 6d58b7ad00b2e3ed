import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { protos } from '@google-cloud/kms';
import { checksum, type OptionalChecksum, verified } from './checksum.ts';
import type { CryptoKey, ProtectionLevel } from './key-state.ts';
import { materialOf, requirePurpose } from './material.ts';
import { checkedName, parseVersionName } from './names.ts';
import { invalid, wrongState } from './refusal.ts';
import type { FoundVersion, KeyStore } from './store.ts';

const KIB = 1024;
const FORMAT = 1;
const HEADER_BYTES = 13;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface EncryptRequest {
  name: string;
  plaintext: Buffer;
  additionalAuthenticatedData: Buffer;
  plaintextCrc32c: OptionalChecksum;
  additionalAuthenticatedDataCrc32c: OptionalChecksum;
}

export function encrypt(
  store: KeyStore,
  request: EncryptRequest,
): protos.google.cloud.kms.v1.IEncryptResponse {
  const { plaintext, additionalAuthenticatedData: aad } = request;
  const used = versionToEncrypt(store, request.name);
  requirePurpose(used.key, 'ENCRYPT_DECRYPT');
  const verifiedPlaintextCrc32c = verified('plaintext', plaintext, request.plaintextCrc32c);
  const verifiedAdditionalAuthenticatedDataCrc32c = verifiedAad(aad, request);
  checkSizes(plaintext, aad, used.key.protectionLevel);
  const ciphertext = seal(plaintext, aad, used);
  return {
    name: used.name,
    ciphertext,
    ciphertextCrc32c: checksum(ciphertext),
    verifiedPlaintextCrc32c,
    verifiedAdditionalAuthenticatedDataCrc32c,
    protectionLevel: used.key.protectionLevel,
  };
}

interface DecryptRequest {
  name: string;
  ciphertext: Buffer;
  additionalAuthenticatedData: Buffer;
  ciphertextCrc32c: OptionalChecksum;
  additionalAuthenticatedDataCrc32c: OptionalChecksum;
}

export function decrypt(
  store: KeyStore,
  request: DecryptRequest,
): protos.google.cloud.kms.v1.IDecryptResponse {
  const { ciphertext, additionalAuthenticatedData: aad } = request;
  const key = store.cryptoKey(checkedName('cryptoKey', request.name));
  requirePurpose(key, 'ENCRYPT_DECRYPT');
  verified('ciphertext', ciphertext, request.ciphertextCrc32c);
  verifiedAad(aad, request);
  if (aad.length > 64 * KIB) throw tooLarge('additional_authenticated_data');
  const used = store.version({ cryptoKey: key.name, id: versionInside(ciphertext, key) });
  const plaintext = open(ciphertext, aad, used);
  return {
    plaintext,
    plaintextCrc32c: checksum(plaintext),
    usedPrimary: used.version.id === key.primary,
    protectionLevel: key.protectionLevel,
  };
}

/** The version that is named, or the primary one of the key that is named. */
function versionToEncrypt(store: KeyStore, name: string): FoundVersion {
  const version = parseVersionName(name);
  if (version !== undefined) return store.version(version);
  const key = store.cryptoKey(checkedName('cryptoKey', name));
  if (key.primary === null) throw wrongState('The key has no primary version.');
  return store.version({ cryptoKey: key.name, id: key.primary });
}

function verifiedAad(
  aad: Buffer,
  request: Pick<EncryptRequest, 'additionalAuthenticatedDataCrc32c'>,
): boolean {
  return verified('additional_authenticated_data', aad, request.additionalAuthenticatedDataCrc32c);
}

/** 64 KiB each for a software key; 8 KiB together for one in an HSM (EncryptRequest in service.proto). */
function checkSizes(plaintext: Buffer, aad: Buffer, level: ProtectionLevel): void {
  if (plaintext.length > 64 * KIB) throw tooLarge('plaintext');
  if (aad.length > 64 * KIB) throw tooLarge('additional_authenticated_data');
  if (level === 'HSM' && plaintext.length + aad.length > 8 * KIB) {
    throw invalid('plaintext and additional_authenticated_data together are larger than 8 KiB.');
  }
}

/**
 * Format (1), the first 8 bytes of SHA-256 of the key's name, the version's number (4), nonce (12), what AES-256-GCM
 * made, tag (16). The header is authenticated, so that a number that was changed does not open either.
 */
function seal(plaintext: Buffer, aad: Buffer, used: FoundVersion): Buffer {
  const header = headerOf(used.key.name, used.version.id);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', materialOf(used), nonce, {
    authTagLength: TAG_BYTES,
  });
  cipher.setAAD(Buffer.concat([header, aad]));
  return Buffer.concat([header, nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function open(ciphertext: Buffer, aad: Buffer, used: FoundVersion): Buffer {
  const nonceEnd = HEADER_BYTES + NONCE_BYTES;
  const tagStart = ciphertext.length - TAG_BYTES;
  const nonce = ciphertext.subarray(HEADER_BYTES, nonceEnd);
  const decipher = createDecipheriv('aes-256-gcm', materialOf(used), nonce, {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.concat([ciphertext.subarray(0, HEADER_BYTES), aad]));
  decipher.setAuthTag(ciphertext.subarray(tagStart));
  try {
    return Buffer.concat([decipher.update(ciphertext.subarray(nonceEnd, tagStart)), decipher.final()]);
  } catch {
    throw notOurs();
  }
}

/** The number of the version that made the ciphertext, once the header says that this very key did. */
function versionInside(ciphertext: Buffer, key: CryptoKey): number {
  if (ciphertext.length < HEADER_BYTES + NONCE_BYTES + TAG_BYTES) throw notOurs();
  const id = ciphertext.readUInt32BE(HEADER_BYTES - 4);
  if (!ciphertext.subarray(0, HEADER_BYTES).equals(headerOf(key.name, id))) throw notOurs();
  if (id < 1 || id > key.versions.length) throw notOurs();
  return id;
}

function headerOf(keyName: string, id: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(FORMAT, 0);
  createHash('sha256').update(keyName).digest().copy(header, 1, 0, 8);
  header.writeUInt32BE(id, HEADER_BYTES - 4);
  return header;
}

/** One answer for a foreign, a damaged and a wrongly bound ciphertext, as the service gives it. */
function notOurs(): Error {
  return invalid('Decryption failed: the ciphertext is invalid.');
}

function tooLarge(field: string): Error {
  return invalid(`${field} is larger than 64 KiB.`);
}
