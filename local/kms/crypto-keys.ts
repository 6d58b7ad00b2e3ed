import type { protos } from '@google-cloud/kms';
import { Algorithm, type CryptoKey, ProtectionLevel, PURPOSE_OF } from './key-state.ts';
import { encrypts, withNewVersion } from './lifecycle.ts';
import { type CryptoKeyMessage, cryptoKeyMessage, type Seconds, toMillis } from './messages.ts';
import { checkedName, childName } from './names.ts';
import { type ListRequest, pageOf } from './paging.ts';
import { alreadyExists, invalid, notOffered, wrongState } from './refusal.ts';
import type { KeyStore } from './store.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The part of a CryptoKey that a caller decides. */
interface WantedKey {
  purpose: string;
  versionTemplate: { algorithm: string; protectionLevel: string } | null;
  nextRotationTime: Seconds | null;
  /** One of a oneof: not there when it was not sent. */
  rotationPeriod?: Seconds;
  destroyScheduledDuration: Seconds | null;
  labels: Record<string, string>;
  importOnly: boolean;
  cryptoKeyBackend: string;
}

interface CreateCryptoKeyRequest {
  parent: string;
  cryptoKeyId: string;
  cryptoKey: WantedKey | null;
  skipInitialVersionCreation: boolean;
}

export function createCryptoKey(store: KeyStore, request: CreateCryptoKeyRequest): CryptoKeyMessage {
  const ring = checkedName('keyRing', request.parent);
  const name = childName(ring, 'cryptoKeys', request.cryptoKeyId);
  const wanted = request.cryptoKey;
  if (wanted === null) throw invalid('crypto_key is required.');
  if (wanted.importOnly || wanted.cryptoKeyBackend !== '') throw notOffered('keys from elsewhere');
  const now = store.now();
  const bare: CryptoKey = {
    name,
    algorithm: algorithmOf(wanted),
    protectionLevel: protectionLevelOf(wanted),
    createTime: now,
    primary: null,
    ...rotationOf(wanted, now),
    destroyScheduledDuration: destroyScheduledDurationOf(wanted),
    labels: wanted.labels,
    versions: [],
  };
  store.keyRing(ring);
  if (store.hasCryptoKey(name)) throw alreadyExists('CryptoKey');
  const key = request.skipInitialVersionCreation ? bare : withFirstVersion(bare, now);
  store.putCryptoKeys(key);
  return cryptoKeyMessage(key);
}

export function getCryptoKey(store: KeyStore, request: { name: string }): CryptoKeyMessage {
  return cryptoKeyMessage(store.cryptoKey(checkedName('cryptoKey', request.name)));
}

export function listCryptoKeys(
  store: KeyStore,
  request: ListRequest,
): protos.google.cloud.kms.v1.IListCryptoKeysResponse {
  const ring = store.keyRing(checkedName('keyRing', request.parent));
  const { items, ...page } = pageOf(store.cryptoKeys(ring.name), request);
  return { cryptoKeys: items.map(cryptoKeyMessage), ...page };
}

export function updateCryptoKeyPrimaryVersion(
  store: KeyStore,
  request: { name: string; cryptoKeyVersionId: string },
): CryptoKeyMessage {
  const cryptoKey = checkedName('cryptoKey', request.name);
  if (!/^[1-9]\d{0,8}$/.test(request.cryptoKeyVersionId))
    throw invalid('crypto_key_version_id is not valid.');
  const { key, version } = store.version({ cryptoKey, id: Number(request.cryptoKeyVersionId) });
  if (!encrypts(key)) throw wrongState('Only a key that encrypts has a primary version.');
  // A version that is not enabled can be made primary (key-states in the service's documentation); the key then
  // encrypts nothing until it is enabled. One that is destroyed can never be.
  if (version.state === 'DESTROYED') throw wrongState('The version is destroyed.');
  const changed = { ...key, primary: version.id };
  store.putCryptoKeys(changed);
  return cryptoKeyMessage(changed);
}

function withFirstVersion(bare: CryptoKey, now: number): CryptoKey {
  return { ...withNewVersion(bare, now), primary: encrypts(bare) ? 1 : null };
}

function algorithmOf(wanted: WantedKey): Algorithm {
  if (wanted.purpose === 'CRYPTO_KEY_PURPOSE_UNSPECIFIED') throw invalid('crypto_key.purpose is required.');
  if (!Object.values<string>(PURPOSE_OF).includes(wanted.purpose)) throw notOffered('keys of this purpose');
  const asked = wanted.versionTemplate?.algorithm ?? 'CRYPTO_KEY_VERSION_ALGORITHM_UNSPECIFIED';
  // GOOGLE_SYMMETRIC_ENCRYPTION is implied for ENCRYPT_DECRYPT; other purposes name their algorithm.
  if (asked === 'CRYPTO_KEY_VERSION_ALGORITHM_UNSPECIFIED') {
    if (wanted.purpose !== 'ENCRYPT_DECRYPT') throw invalid('version_template.algorithm is required.');
    return 'GOOGLE_SYMMETRIC_ENCRYPTION';
  }
  const algorithm = Algorithm.safeParse(asked).data;
  if (algorithm === undefined) throw notOffered('this algorithm');
  if (PURPOSE_OF[algorithm] !== wanted.purpose) throw invalid('The algorithm does not serve the purpose.');
  return algorithm;
}

function protectionLevelOf(wanted: WantedKey): ProtectionLevel {
  const asked = wanted.versionTemplate?.protectionLevel ?? 'PROTECTION_LEVEL_UNSPECIFIED';
  if (asked === 'PROTECTION_LEVEL_UNSPECIFIED') return 'SOFTWARE';
  const level = ProtectionLevel.safeParse(asked).data;
  if (level === undefined) throw notOffered('this protection level');
  return level;
}

function rotationOf(wanted: WantedKey, now: number): Pick<CryptoKey, 'rotationPeriod' | 'nextRotationTime'> {
  const rotationPeriod = wanted.rotationPeriod === undefined ? null : toMillis(wanted.rotationPeriod);
  const nextRotationTime = wanted.nextRotationTime === null ? null : toMillis(wanted.nextRotationTime);
  if (rotationPeriod === null && nextRotationTime === null) return { rotationPeriod, nextRotationTime };
  if (wanted.purpose !== 'ENCRYPT_DECRYPT')
    throw invalid('Only a key that encrypts is rotated automatically.');
  if (rotationPeriod !== null && (rotationPeriod < DAY || rotationPeriod > 876_000 * HOUR)) {
    throw invalid('rotation_period is at least 24 hours and at most 876,000 hours.');
  }
  if (nextRotationTime === null) throw invalid('next_rotation_time is required beside rotation_period.');
  if (nextRotationTime <= now) throw invalid('next_rotation_time is not in the future.');
  return { rotationPeriod, nextRotationTime };
}

function destroyScheduledDurationOf(wanted: WantedKey): number {
  if (wanted.destroyScheduledDuration === null) return 30 * DAY;
  const duration = toMillis(wanted.destroyScheduledDuration);
  if (duration < DAY || duration > 120 * DAY) {
    throw invalid('destroy_scheduled_duration is at least 24 hours and at most 120 days.');
  }
  return duration;
}
