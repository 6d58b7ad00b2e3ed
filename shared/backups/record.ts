import { z } from 'zod';
import type { DatabaseId } from '../cloud/firestore.ts';
import { KeyVersions } from '../cloud/keyring-census.ts';
import { Timestamp } from '../domain/order.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const EVERY = 6 * HOUR;
const CHECK_EVERY = 15 * MINUTE;
/** A backup of `keyring` is purged this long after its snapshot, in milliseconds, the last one too. */
export const KEYRING_KEPT = 23 * HOUR;
/** By then it is: purging is tried every quarter of an hour. */
export const KEYRING_GONE = KEYRING_KEPT + 30 * MINUTE;
/** When no good backup is younger than this, people are told. */
export const ALARM_AFTER = EVERY + 30 * MINUTE;

/** The name of each database's part of a backup, which is also its folder. */
export const PARTS = { default: '(default)', keyring: 'keyring', staff: 'staff' } as const satisfies Record<
  string,
  DatabaseId
>;
/** Of the drills' scratch databases, as no other database's name begins. */
export const SCRATCH = 'drill-';

export type PartName = keyof typeof PARTS;
export const PART_NAMES = Object.keys(PARTS) as PartName[];

const Part = z.object({
  /** Full name of the operation that exports it. */
  operation: z.string().nullable(),
  state: z.enum(['planned', 'running', 'done', 'failed']),
  documents: z.number().nullable(),
  bytes: z.number().nullable(),
  endedAt: Timestamp.nullable(),
});
export type Part = z.infer<typeof Part>;

/** How many documents of each collection there were at the snapshot time. */
export const Counts = z.object({
  default: z.record(z.string(), z.int()),
  keyring: z.record(z.string(), z.int()),
  staff: z.record(z.string(), z.int()),
});
export type Counts = z.infer<typeof Counts>;

/** Why a backup has failed: the name of a gRPC status, or one of these. */
export type FailureCode =
  'MISSED' | 'CUT_OFF' | 'LATE' | 'INCOMPLETE' | 'UNCOUNTED' | 'UNKNOWN' | (string & {});

/** `backups/{id}`: one attempt to copy all databases as they were at `snapshotTime`. */
export const StoredBackup = z.object({
  snapshotTime: Timestamp,
  /** The beginning of the six hours that it is for. */
  slot: Timestamp,
  state: z.enum(['planned', 'running', 'good', 'failed', 'purged']),
  code: z.string().nullable(),
  parts: z.object({ default: Part, keyring: Part, staff: Part }),
  counts: Counts.nullable(),
  keyVersions: KeyVersions.nullable(),
  /** SHA-256 of the manifest, in hex. */
  manifestHash: z.string().nullable(),
  goodAt: Timestamp.nullable(),
  keyringPurgedAt: Timestamp.nullable(),
});
export type StoredBackup = z.infer<typeof StoredBackup>;

/** The folder of a backup in its buckets, and its id: `20261125T0600Z`, the minute of its snapshot. */
export function backupId(snapshotTime: number): string {
  return new Date(snapshotTime)
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\d\d\.\d{3}Z$/, 'Z');
}

/** When the snapshot of an object was taken, by its name, in milliseconds; undefined: not a name of ours. */
export function snapshotOf(objectName: string): number | undefined {
  const [, y, mo, d, h, mi] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)Z\//.exec(objectName) ?? [];
  if (y === undefined) return undefined;
  const time = Date.parse(`${y}-${mo ?? ''}-${d ?? ''}T${h ?? ''}:${mi ?? ''}:00.000Z`);
  return Number.isNaN(time) ? undefined : time;
}

export function slotOf(time: number): number {
  return Math.floor(time / EVERY) * EVERY;
}

/**
 * When `backup-check` runs next, at least half a minute from now: whoever looks for copies by then knows of a snapshot that is
 * planned for that time, and it is begun as soon as it is past.
 */
export function nextCheck(time: number): number {
  return Math.ceil((time + MINUTE / 2) / CHECK_EVERY) * CHECK_EVERY;
}

/** `companies/a/orders/b` of the part `default` lies below `{id}/default/`. */
export function folderOf(id: string, part: PartName): string {
  return `${id}/${part}/`;
}

/** The object that makes an export whole: the service writes it last. */
export function lastObjectOf(id: string, part: PartName): string {
  return `${folderOf(id, part)}${part}.overall_export_metadata`;
}

export const NO_PART: Part = {
  ...{ operation: null, state: 'planned' },
  ...{ documents: null, bytes: null, endedAt: null },
};
