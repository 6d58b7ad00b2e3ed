import type { Firestore } from '@google-cloud/firestore';
import type { BackupBucket } from '../cloud/backup-buckets.ts';
import { paths } from '../cloud/firestore.ts';
import type { WriteOnce } from '../cloud/write-once.ts';
import { hashOf, isManifest, Manifest, manifestName } from './manifest.ts';
import { parse } from './parse.ts';
import { NO_PART, type Part, PART_NAMES, type PartName, slotOf, snapshotOf, StoredBackup } from './record.ts';

export interface RelistDeps {
  db: Firestore;
  /** Of the exports, where each good one has its manifest. */
  backups: Pick<BackupBucket, 'objects'>;
  manifests: Pick<WriteOnce, 'get'>;
}

/**
 * Writes down again which backups there are, by what lies in the bucket: a database that was restored knows none of those
 * made since, and its own one as planned. What has no record would never be thinned out. Answers how many it wrote.
 */
export async function relistBackups(deps: RelistDeps): Promise<number> {
  /** By id: when the manifest was written, RFC 3339; null: there is none. */
  const found = new Map<string, string | null>();
  for await (const { name, createdAt } of deps.backups.objects()) {
    const [id = ''] = name.split('/');
    if (snapshotOf(name) === undefined) continue;
    if (isManifest(name)) found.set(id, createdAt);
    else if (!found.has(id)) found.set(id, null);
  }
  let written = 0;
  for (const [id, goodAt] of found) written += Number(await relist(id, goodAt, deps));
  return written;
}

async function relist(id: string, goodAt: string | null, deps: RelistDeps): Promise<boolean> {
  const ref = deps.db.doc(paths.backup(id));
  const known = StoredBackup.safeParse((await ref.get()).data()).data;
  // What was under way is followed by `backup-check`, and what has ended stays as it ended.
  const ended = known !== undefined && known.state !== 'planned' && known.state !== 'running';
  if (ended || (known !== undefined && goodAt === null)) return false;
  const bytes = goodAt === null ? undefined : await deps.manifests.get(manifestName(id));
  const manifest = bytes === undefined ? undefined : parse(Manifest, bytes);
  const snapshot = snapshotOf(`${id}/`) ?? 0;
  const about = {
    ...{ snapshotTime: new Date(snapshot).toISOString(), slot: new Date(slotOf(snapshot)).toISOString() },
    keyringPurgedAt: null,
  };
  const record: StoredBackup =
    manifest === undefined || bytes === undefined
      ? { ...about, state: 'failed', code: 'UNKNOWN', parts: partsOf(() => NO_PART), ...NOTHING_KNOWN }
      : {
          ...{ ...about, state: 'good', code: null, goodAt, manifestHash: hashOf(bytes) },
          ...{ counts: manifest.counts, keyVersions: manifest.keyVersions },
          parts: partsOf((name) => {
            const { documents, bytes: size } = manifest.parts[name];
            return { operation: null, state: 'done', documents, bytes: size, endedAt: null };
          }),
        };
  await ref.set(record);
  return true;
}

const NOTHING_KNOWN = { counts: null, keyVersions: null, manifestHash: null, goodAt: null };

function partsOf(part: (name: PartName) => Part): StoredBackup['parts'] {
  return Object.fromEntries(PART_NAMES.map((name) => [name, part(name)])) as StoredBackup['parts'];
}
