import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { type Algorithm, type CryptoKey, type KeyVersion, PURPOSE_OF } from './key-state.ts';

/** The key with one more version: the next number, enabled, with fresh material. The primary stays as it is. */
export function withNewVersion(key: CryptoKey, createTime: number): CryptoKey {
  const version: KeyVersion = {
    id: key.versions.length + 1,
    state: 'ENABLED',
    createTime,
    destroyTime: null,
    destroyEventTime: null,
    material: newMaterial(key.algorithm),
  };
  return { ...key, versions: [...key.versions, version] };
}

/** The key with one version put in the place of the one of the same number. */
export function withVersion(key: CryptoKey, changed: KeyVersion): CryptoKey {
  return { ...key, versions: key.versions.map((version) => (version.id === changed.id ? changed : version)) };
}

/**
 * The key as the service would have it at that time: every rotation that fell due took place, and material whose
 * time has come is gone. The very same object when nothing was due.
 */
export function atTime(key: CryptoKey, now: number): CryptoKey {
  return destroyed(rotated(key, now), now);
}

function rotated(key: CryptoKey, now: number): CryptoKey {
  let current = key;
  while (current.nextRotationTime !== null && current.nextRotationTime <= now) {
    const due = current.nextRotationTime;
    const next = withNewVersion(current, due);
    const nextRotationTime = next.rotationPeriod === null ? null : due + next.rotationPeriod;
    current = { ...next, primary: next.versions.length, nextRotationTime };
  }
  return current;
}

function destroyed(key: CryptoKey, now: number): CryptoKey {
  const isDue = (version: KeyVersion) => version.destroyTime !== null && version.destroyTime <= now;
  if (!key.versions.some(isDue)) return key;
  const versions = key.versions.map((version): KeyVersion =>
    isDue(version)
      ? {
          ...version,
          state: 'DESTROYED',
          destroyTime: null,
          destroyEventTime: version.destroyTime,
          material: null,
        }
      : version,
  );
  return { ...key, versions };
}

export function encrypts(key: CryptoKey): boolean {
  return PURPOSE_OF[key.algorithm] === 'ENCRYPT_DECRYPT';
}

function newMaterial(algorithm: Algorithm): string {
  switch (algorithm) {
    case 'GOOGLE_SYMMETRIC_ENCRYPTION':
      return randomBytes(32).toString('base64');
    case 'EC_SIGN_P256_SHA256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' })
        .privateKey.export({ type: 'pkcs8', format: 'der' })
        .toString('base64');
  }
}
