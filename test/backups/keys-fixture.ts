import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { KeyManagementServiceClient } from '@google-cloud/kms';
import { credentials } from '@grpc/grpc-js';
import type { Identity } from '../../local/roles.ts';
import { takeCensus, type VersionCensus } from '../../shared/backups/key-census.ts';
import { openBackupBuckets } from '../../shared/cloud/backup-buckets.ts';
import { hostAndPort, readConfig } from '../../shared/cloud/config.ts';
import { openFirestore } from '../../shared/cloud/firestore.ts';
import { openWriteOnce } from '../../shared/cloud/write-once.ts';
import type { TestCloud } from '../support/cloud.ts';

const ROOT = resolve(import.meta.dirname, '..', '..');

/** `npm run rewrap`, as a person runs it; what it says. */
export async function rewrap(cloud: TestCloud, identity: Identity, ...args: string[]): Promise<string> {
  const env = { ...process.env, ...cloud.envOf(identity), METADATA_SERVER_DETECTION: 'none' };
  const script = ['infra/rewrap.ts', ...args];
  const { stdout } = await promisify(execFile)(process.execPath, script, { cwd: ROOT, env });
  return stdout;
}

/** As the security officer does: a new version of `tenant-kek` that wraps from now on; its number. */
export async function newVersion(cloud: TestCloud): Promise<number> {
  const { host, port } = hostAndPort(cloud.doors.seed.cloudEndpoint);
  const sslCreds = credentials.createInsecure();
  const kms = new KeyManagementServiceClient({ apiEndpoint: host, port, sslCreds });
  const [{ name }] = await kms.createCryptoKeyVersion({ parent: cloud.keys.tenantKek });
  const version = name?.split('/').at(-1) ?? '';
  await kms.updateCryptoKeyPrimaryVersion({ name: cloud.keys.tenantKek, cryptoKeyVersionId: version });
  await kms.close();
  return Number(version);
}

/** A census at the time that the hub sees, by the numbers of the versions. */
export async function census(cloud: TestCloud): Promise<Record<string, VersionCensus>> {
  const config = readConfig(cloud.envOf('rewrap'));
  const { versions } = await takeCensus({
    keyring: openFirestore(config, 'keyring'),
    manifests: openWriteOnce(config, config.backupBuckets.backups),
    keyringBuckets: Object.values(openBackupBuckets(config, ['keyringBackups', 'offsiteKeyringBackups'])),
    now: cloud.clock.now,
  });
  return Object.fromEntries(versions.map((each) => [each.version.split('/').at(-1) ?? '', each]));
}
