import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { BackupObject } from '../cloud/backup-buckets.ts';
import { Timestamp } from '../domain/order.ts';
import { KeyVersions } from '../cloud/keyring-census.ts';
import { Counts, type StoredBackup } from './record.ts';

const ManifestObject = z.object({
  name: z.string(),
  generation: z.string(),
  crc32c: z.string(),
  size: z.number(),
});
const Documents = z.object({ documents: z.int(), bytes: z.int(), objects: z.array(ManifestObject) });

/**
 * `{id}/manifest.json` beside the exports: all that a restore needs to know of a backup when every database is lost. It is
 * written when the backup is good, and never again.
 */
export const Manifest = z.object({
  format: z.literal('strongroom-backup/v1'),
  id: z.string(),
  projectId: z.string(),
  /** Whose data it is: what is from production never goes to a person's machine. */
  production: z.boolean(),
  /** Where the database was, such as `nam5`. */
  location: z.string(),
  snapshotTime: Timestamp,
  parts: z.object({ default: Documents, keyring: Documents, staff: Documents }),
  counts: Counts,
  keyVersions: KeyVersions,
});
export type Manifest = z.infer<typeof Manifest>;

export function manifestName(id: string): string {
  return `${id}/manifest.json`;
}

export function isManifest(name: string): boolean {
  return name.endsWith('/manifest.json');
}

export function manifestOf(
  id: string,
  record: StoredBackup & { counts: Counts; keyVersions: KeyVersions },
  objects: Record<keyof Manifest['parts'], BackupObject[]>,
  source: Pick<Manifest, 'projectId' | 'production' | 'location'>,
): Buffer {
  const part = (name: keyof Manifest['parts']): z.infer<typeof Documents> => ({
    documents: record.parts[name].documents ?? 0,
    bytes: record.parts[name].bytes ?? 0,
    objects: objects[name].map((object) => ManifestObject.parse(object)),
  });
  const manifest: Manifest = {
    ...{ format: 'strongroom-backup/v1', id, ...source, snapshotTime: record.snapshotTime },
    parts: { default: part('default'), keyring: part('keyring'), staff: part('staff') },
    ...{ counts: record.counts, keyVersions: record.keyVersions },
  };
  return Buffer.from(`${JSON.stringify(manifest)}\n`);
}

/** SHA-256 in hex. */
export function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
