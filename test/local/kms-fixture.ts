import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyManagementServiceClient, type protos } from '@google-cloud/kms';
import { credentials, status } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import { type KmsStandIn, startKms } from '../../local/kms/server.ts';
import type { Clock } from '../../shared/domain/time.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const START = Date.UTC(2026, 0, 1);
export const LOCATION = 'projects/test/locations/global';
export const RING = `${LOCATION}/keyRings/ring`;
export const KEY = `${RING}/cryptoKeys/key`;

/** A clock that a test moves by hand. */
export function handClock(): { now: Clock; advance(millis: number): void } {
  let time = START;
  return {
    now: () => time,
    advance(millis) {
      time += millis;
    },
  };
}

/** A folder that goes with the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'kms-'));
  onTestFinished(() => {
    rmSync(path, { recursive: true });
  });
  return path;
}

/** A stand-in with the official client in front of it; both end with the test. */
export async function openKms(
  options: { dataDir?: string; now?: Clock } = {},
): Promise<{ kms: KmsStandIn; client: KeyManagementServiceClient; close(): Promise<void> }> {
  const kms = await startKms(options);
  const client = new KeyManagementServiceClient({
    apiEndpoint: '127.0.0.1',
    port: kms.port,
    sslCreds: credentials.createInsecure(),
  });
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= client.close().then(() => kms.close()));
  onTestFinished(close);
  return { kms, client, close };
}

/** A stand-in that has the key `KEY` for encrypting, with the settings that the test is about. */
export async function openKmsWithKey(
  options: { dataDir?: string; now?: Clock } = {},
  settings: protos.google.cloud.kms.v1.ICryptoKey = {},
): ReturnType<typeof openKms> {
  const opened = await openKms(options);
  await createKey(opened.client, 'key', settings);
  return opened;
}

/** Makes a key in `RING`, and the ring when it is not there; answers the key's name. */
export async function createKey(
  client: KeyManagementServiceClient,
  cryptoKeyId: string,
  settings: protos.google.cloud.kms.v1.ICryptoKey = {},
): Promise<string> {
  const rings = await client.listKeyRings({ parent: LOCATION });
  if (rings[0].length === 0) await client.createKeyRing({ parent: LOCATION, keyRingId: 'ring', keyRing: {} });
  const cryptoKey = { purpose: 'ENCRYPT_DECRYPT', ...settings } as const;
  const [key] = await client.createCryptoKey({ parent: RING, cryptoKeyId, cryptoKey });
  return key.name ?? '';
}

/** The settings of a key that signs. */
export const SIGNING: protos.google.cloud.kms.v1.ICryptoKey = {
  purpose: 'ASYMMETRIC_SIGN',
  versionTemplate: { algorithm: 'EC_SIGN_P256_SHA256' },
};

export function version(id: number, key = KEY): string {
  return `${key}/cryptoKeyVersions/${id}`;
}

/** The name of the gRPC status that a call was refused with, such as `NOT_FOUND`; `OK` when it was not. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'OK';
  } catch (error) {
    return status[(error as { code: status }).code];
  }
}
