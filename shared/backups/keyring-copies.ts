import type { BackupBucket } from '../cloud/backup-buckets.ts';
import type { KeyringCopies } from '../domain/keyring-copies.ts';
import { KEYRING_GONE, snapshotOf } from './record.ts';

const BESIDE = '/beside/';

/**
 * From what lies in the keyring's buckets, whoever put it there. A backup that is planned has a mark there before its
 * snapshot time, and a database with a restored keyring one for as long as it is there: between a copy and the first sign
 * of it no key is destroyed.
 */
export function openKeyringCopies(deps: {
  buckets: readonly Pick<BackupBucket, 'objects'>[];
}): KeyringCopies {
  return {
    async lastOf(time) {
      const destroyed = Date.parse(time);
      let last: number | undefined;
      for (const bucket of deps.buckets) {
        for await (const object of bucket.objects()) {
          const snapshot = snapshotOf(object.name) ?? Date.parse(object.createdAt);
          if (snapshot <= destroyed) last = Math.max(last ?? 0, snapshot);
        }
      }
      return last === undefined ? undefined : new Date(last + KEYRING_GONE).toISOString();
    },
  };
}

/** The mark of a scratch database that holds a keyring. It goes with that, and not before. */
export function scratchMark(id: string): string {
  return `${id}/scratch`;
}

export function isScratchMark(name: string): boolean {
  return name.endsWith('/scratch');
}

/** The mark of a keyring that a person restored beside the live one. It goes when that database is gone, and not before. */
export function besideMark(id: string, databaseId: string): string {
  return `${id}${BESIDE}${databaseId}`;
}

/** The id of the database that a mark stands for; undefined: it is no such mark. */
export function besideOf(name: string): string | undefined {
  return name.split(BESIDE)[1];
}

/** Of a database, which goes before its mark does: time alone takes neither away. */
export function isCopyMark(name: string): boolean {
  return isScratchMark(name) || besideOf(name) !== undefined;
}

/** The mark of a snapshot that is planned. It is purged with the export. */
export function planMark(id: string): string {
  return `${id}/planned`;
}
