import type { BackupBucketName } from '../../shared/cloud/backup-buckets.ts';

const DAY_SECONDS = 24 * 60 * 60;

export type BucketName = 'ledger' | 'roots' | 'logs' | BackupBucketName;

/** What a bucket is made with. None has soft delete or versions. */
export interface BucketSettings {
  /** For how long nobody can take away or change an object. */
  retentionSeconds?: number;
  /** The retention can not be shortened or taken away any more. */
  locked?: true;
  /** The bucket itself deletes what is that old. */
  deleteAfterDays?: number;
  /** In the offsite project. */
  offsite?: true;
  /** For everyone to read. */
  public?: true;
}

/** Ten years of 365 days: longer than any backup is kept. */
const TEN_YEARS = 10 * 365 * DAY_SECONDS;
/** Offsite everything stays for ninety days. */
const OFFSITE_DAYS = 90;

/** Every bucket of the hub: on one machine in the stand-in, in production as Terraform makes them. */
export const BUCKETS: Readonly<Record<BucketName, BucketSettings>> = {
  ledger: { retentionSeconds: TEN_YEARS },
  // Signed roots stay as they are for ten years as well.
  roots: { retentionSeconds: TEN_YEARS, public: true },
  // What has left the database is for nobody to take away, and offsite the same.
  logs: { retentionSeconds: TEN_YEARS, locked: true },
  offsiteLogs: { retentionSeconds: TEN_YEARS, locked: true, offsite: true },
  // What is thinned out after seven days is not deleted before.
  backups: { retentionSeconds: 7 * DAY_SECONDS, locked: true },
  // No retention: what may still open what was erased has to go. The lifecycle is the net under our own purge.
  keyringBackups: { deleteAfterDays: 1 },
  // Nobody has the right to delete there.
  offsiteBackups: {
    ...{ retentionSeconds: OFFSITE_DAYS * DAY_SECONDS, locked: true, deleteAfterDays: OFFSITE_DAYS + 1 },
    offsite: true,
  },
  offsiteKeyringBackups: { deleteAfterDays: 1, offsite: true },
};

/** Where Google lets an object be named: project, then what it is for. */
export function bucketName(projectId: string, name: BucketName): string {
  return `${projectId}-${name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}`;
}
