import type { protos } from '@google-cloud/kms';
import { type CryptoKey, type KeyRing, type KeyVersion, PURPOSE_OF } from './key-state.ts';
import { versionName } from './names.ts';

/** The service's answers, by the names that its protocol gives them. */
export type KeyRingMessage = protos.google.cloud.kms.v1.IKeyRing;
export type CryptoKeyMessage = protos.google.cloud.kms.v1.ICryptoKey;
export type VersionMessage = protos.google.cloud.kms.v1.ICryptoKeyVersion;

/** google.protobuf.Timestamp and google.protobuf.Duration alike. */
export interface Seconds {
  seconds: number;
  nanos: number;
}

export function toMillis(time: Seconds): number {
  return time.seconds * 1000 + Math.floor(time.nanos / 1e6);
}

export function toSeconds(millis: number): Seconds {
  const seconds = Math.floor(millis / 1000);
  return { seconds, nanos: (millis - seconds * 1000) * 1e6 };
}

export function keyRingMessage(ring: KeyRing): KeyRingMessage {
  return { name: ring.name, createTime: toSeconds(ring.createTime) };
}

export function cryptoKeyMessage(key: CryptoKey): CryptoKeyMessage {
  const primary = key.versions.find((version) => version.id === key.primary);
  return {
    name: key.name,
    purpose: PURPOSE_OF[key.algorithm],
    createTime: toSeconds(key.createTime),
    primary: primary === undefined ? null : versionMessage(key, primary),
    nextRotationTime: orNull(key.nextRotationTime),
    rotationPeriod: orNull(key.rotationPeriod),
    versionTemplate: { algorithm: key.algorithm, protectionLevel: key.protectionLevel },
    destroyScheduledDuration: toSeconds(key.destroyScheduledDuration),
    labels: key.labels,
  };
}

/** A version as it may be shown: everything but its material. */
export function versionMessage(key: CryptoKey, version: KeyVersion): VersionMessage {
  return {
    name: versionName(key.name, version.id),
    state: version.state,
    protectionLevel: key.protectionLevel,
    algorithm: key.algorithm,
    createTime: toSeconds(version.createTime),
    generateTime: toSeconds(version.createTime),
    destroyTime: orNull(version.destroyTime),
    destroyEventTime: orNull(version.destroyEventTime),
  };
}

function orNull(millis: number | null): Seconds | null {
  return millis === null ? null : toSeconds(millis);
}
