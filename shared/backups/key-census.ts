import type { Firestore } from '@google-cloud/firestore';
import { z } from 'zod';
import type { BackupBucket } from '../cloud/backup-buckets.ts';
import { keyCensus } from '../cloud/keyring-census.ts';
import type { WriteOnce } from '../cloud/write-once.ts';
import { Timestamp } from '../domain/order.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { Manifest, manifestName } from './manifest.ts';
import { parse } from './parse.ts';
import { snapshotOf } from './record.ts';

export interface CensusDeps {
  keyring: Firestore;
  /** Of the bucket where manifests lie. */
  manifests: Pick<WriteOnce, 'get'>;
  /** Here and offsite. */
  keyringBuckets: readonly Pick<BackupBucket, 'objects'>[];
  now: Clock;
}

/** Who needs a version of the KMS key. */
export interface VersionCensus {
  /** Full name. */
  version: string;
  live: number;
  backups: number;
  /** Since when every census found none, RFC 3339; null: this one found some. */
  zeroSince: string | null;
  /** Two censuses at least a quarter of an hour apart found none, and none in between found one. */
  mayBeDestroyed: boolean;
}

export interface Census {
  versions: VersionCensus[];
  /** Keyring backups of which nothing is known: while there are any, no version counts as unneeded. */
  unknownBackups: string[];
}

/** `keyCensus/current` in the keyring: since when which version is not needed, of all that were ever seen. */
const Stored = z.object({
  versions: z.array(z.object({ version: z.string(), zeroSince: Timestamp.nullable() })).default([]),
});

const APART = 15 * 60_000;

/** Counts the wraps of every version in the live keyring and in every keyring backup that is not purged. */
export async function takeCensus(deps: CensusDeps): Promise<Census> {
  const { keyring, now } = deps;
  const live = totals(await keyCensus(keyring));
  const { backups, unknown } = await backupCensus(deps);
  const ref = keyring.doc('keyCensus/current');
  const { versions: seen } = Stored.parse((await ref.get()).data() ?? {});
  const names = new Set([...seen.map(({ version }) => version), ...live.keys(), ...backups.keys()]);
  const versions = [...names].sort().map((version): VersionCensus => {
    const counts = { live: live.get(version) ?? 0, backups: backups.get(version) ?? 0 };
    const none = counts.live + counts.backups === 0 && unknown.length === 0;
    const before = seen.find((each) => each.version === version)?.zeroSince ?? null;
    const zeroSince = none ? (before ?? timestamp(now)) : null;
    const mayBeDestroyed = zeroSince !== null && now() - Date.parse(zeroSince) >= APART;
    return { version, ...counts, zeroSince, mayBeDestroyed };
  });
  await ref.set({ versions: versions.map(({ version, zeroSince }) => ({ version, zeroSince })) });
  return { versions, unknownBackups: unknown };
}

async function backupCensus(deps: CensusDeps): Promise<{ backups: Map<string, number>; unknown: string[] }> {
  const ids = new Set<string>();
  const unknown = new Set<string>();
  for (const bucket of deps.keyringBuckets) {
    for await (const { name } of bucket.objects()) {
      const [id = name] = name.split('/');
      (snapshotOf(name) === undefined ? unknown : ids).add(id);
    }
  }
  const backups = new Map<string, number>();
  for (const id of ids) {
    const bytes = await deps.manifests.get(manifestName(id));
    const manifest = bytes === undefined ? undefined : parse(Manifest, bytes);
    if (manifest === undefined) unknown.add(id);
    for (const { version, wraps } of manifest?.keyVersions ?? []) {
      backups.set(version, (backups.get(version) ?? 0) + wraps);
    }
  }
  return { backups, unknown: [...unknown].sort() };
}

function totals(census: { version: string; wraps: number }[]): Map<string, number> {
  return new Map(census.map(({ version, wraps }) => [version, wraps]));
}
