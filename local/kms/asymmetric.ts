import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { protos } from '@google-cloud/kms';
import { checksum, type OptionalChecksum, verified } from './checksum.ts';
import { signDigest } from './ecdsa.ts';
import { materialOf, requirePurpose } from './material.ts';
import { checkedVersionName } from './names.ts';
import { invalid, notOffered } from './refusal.ts';
import type { FoundVersion, KeyStore } from './store.ts';

interface AsymmetricSignRequest {
  name: string;
  /** Members of a oneof: those that were not sent are not there. */
  digest: { sha256?: Buffer; sha384?: Buffer; sha512?: Buffer } | null;
  digestCrc32c: OptionalChecksum;
  data: Buffer;
  dataCrc32c: OptionalChecksum;
}

/** Signs a digest that the caller made, or data that is hashed here: one of the two. */
export function asymmetricSign(
  store: KeyStore,
  request: AsymmetricSignRequest,
): protos.google.cloud.kms.v1.IAsymmetricSignResponse {
  const used = signingVersion(store, request.name);
  const key = privateKeyOf(used);
  const { digest, ...verifiedChecksums } = digestToSign(request);
  const signature = signDigest(digest, key);
  return {
    name: used.name,
    signature,
    signatureCrc32c: checksum(signature),
    ...verifiedChecksums,
    protectionLevel: used.key.protectionLevel,
  };
}

/** The public half: as PEM in the fields of its own, or in the format that was asked for. */
export function getPublicKey(
  store: KeyStore,
  request: { name: string; publicKeyFormat: string },
): protos.google.cloud.kms.v1.IPublicKey {
  const used = signingVersion(store, request.name);
  const publicKey = createPublicKey(privateKeyOf(used));
  return {
    name: used.name,
    algorithm: used.key.algorithm,
    protectionLevel: used.key.protectionLevel,
    ...encoded(publicKey, request.publicKeyFormat),
  };
}

function signingVersion(store: KeyStore, name: string): FoundVersion {
  const found = store.version(checkedVersionName(name));
  requirePurpose(found.key, 'ASYMMETRIC_SIGN');
  return found;
}

function privateKeyOf(used: FoundVersion): KeyObject {
  return createPrivateKey({ key: materialOf(used), format: 'der', type: 'pkcs8' });
}

interface DigestToSign {
  digest: Buffer;
  verifiedDigestCrc32c: boolean;
  verifiedDataCrc32c: boolean;
}

function digestToSign(request: AsymmetricSignRequest): DigestToSign {
  const { digest: sent, data } = request;
  if (sent !== null && data.length > 0) throw invalid('Either digest or data is sent, not both.');
  if (sent === null) {
    if (data.length === 0) throw invalid('One of digest and data is required.');
    if (data.length > 65_536) throw invalid('data is larger than 64 KiB.');
    const verifiedDataCrc32c = verified('data', data, request.dataCrc32c);
    return {
      digest: createHash('sha256').update(data).digest(),
      verifiedDataCrc32c,
      verifiedDigestCrc32c: false,
    };
  }
  if (sent.sha256?.length !== 32) throw invalid('The digest is not a SHA-256 of 32 bytes.');
  const verifiedDigestCrc32c = verified('digest', sent.sha256, request.digestCrc32c);
  return { digest: sent.sha256, verifiedDigestCrc32c, verifiedDataCrc32c: false };
}

function encoded(
  key: KeyObject,
  format: string,
): Pick<protos.google.cloud.kms.v1.IPublicKey, 'pem' | 'pemCrc32c' | 'publicKey' | 'publicKeyFormat'> {
  const pem = key.export({ type: 'spki', format: 'pem' }).toString();
  switch (format) {
    case 'PUBLIC_KEY_FORMAT_UNSPECIFIED':
      return { pem, pemCrc32c: checksum(Buffer.from(pem)) };
    case 'PEM':
      return { publicKeyFormat: 'PEM', publicKey: withChecksum(Buffer.from(pem)) };
    case 'DER':
      return { publicKeyFormat: 'DER', publicKey: withChecksum(key.export({ type: 'spki', format: 'der' })) };
    default:
      throw notOffered('this format of public keys');
  }
}

function withChecksum(data: Buffer): protos.google.cloud.kms.v1.IChecksummedData {
  return { data, crc32cChecksum: checksum(data) };
}
