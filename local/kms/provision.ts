import { KeyManagementServiceClient, type protos } from '@google-cloud/kms';
import { credentials, status } from '@grpc/grpc-js';
import type { Clock } from '../../shared/domain/time.ts';

/** Full names of the crypto keys that the hub uses. */
export interface KeyNames {
  tenantKek: string;
  recoveryKek: string;
  attest: string;
}

type Key = protos.google.cloud.kms.v1.ICryptoKey;

/** `tenant-kek` gets a new version after this. */
export const ROTATION_SECONDS = 90 * 24 * 3600;

/**
 * Makes the key rings and keys that the hub needs, through the official client, and leaves those alone that are
 * there. The recovery key lies in a project of its own, `{projectId}-offsite`.
 */
export async function provisionKeys(options: {
  host?: string;
  port: number;
  projectId: string;
  location?: string;
  now: Clock;
}): Promise<KeyNames> {
  const { host = '127.0.0.1', port, projectId, location = 'global', now } = options;
  const client = new KeyManagementServiceClient({
    apiEndpoint: host,
    port,
    sslCreds: credentials.createInsecure(),
  });
  try {
    const ring = await keyRing(client, `projects/${projectId}/locations/${location}`);
    const offsite = await keyRing(client, `projects/${projectId}-offsite/locations/${location}`);
    return {
      tenantKek: await cryptoKey(client, ring, 'tenant-kek', tenantKek(now)),
      recoveryKek: await cryptoKey(client, offsite, 'recovery-kek', RECOVERY_KEK),
      attest: await cryptoKey(client, ring, 'attest', ATTEST),
    };
  } finally {
    await client.close();
  }
}

/** Wraps company keys; rotated every 90 days. */
function tenantKek(now: Clock): Key {
  return {
    purpose: 'ENCRYPT_DECRYPT',
    versionTemplate: { algorithm: 'GOOGLE_SYMMETRIC_ENCRYPTION', protectionLevel: 'HSM' },
    rotationPeriod: { seconds: ROTATION_SECONDS },
    nextRotationTime: { seconds: Math.floor(now() / 1000) + ROTATION_SECONDS },
  };
}

/** Wraps company keys a second time, for the day on which the first project is lost. */
const RECOVERY_KEK: Key = {
  purpose: 'ENCRYPT_DECRYPT',
  versionTemplate: { algorithm: 'GOOGLE_SYMMETRIC_ENCRYPTION', protectionLevel: 'HSM' },
};

/** Signs what the hub states in public. */
const ATTEST: Key = {
  purpose: 'ASYMMETRIC_SIGN',
  versionTemplate: { algorithm: 'EC_SIGN_P256_SHA256', protectionLevel: 'HSM' },
};

async function keyRing(client: KeyManagementServiceClient, parent: string): Promise<string> {
  const keyRingId = 'strongroom';
  await unlessThere(client.createKeyRing({ parent, keyRingId, keyRing: {} }));
  return `${parent}/keyRings/${keyRingId}`;
}

async function cryptoKey(
  client: KeyManagementServiceClient,
  parent: string,
  cryptoKeyId: string,
  cryptoKey: Key,
): Promise<string> {
  await unlessThere(client.createCryptoKey({ parent, cryptoKeyId, cryptoKey }));
  return `${parent}/cryptoKeys/${cryptoKeyId}`;
}

async function unlessThere(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === status.ALREADY_EXISTS;
    if (!exists) throw error;
  }
}
