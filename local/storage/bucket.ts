import { z } from 'zod';
import { type Clock, timestamp } from '../../shared/domain/time.ts';
import { Int64 } from './preconditions.ts';
import { invalid, Refusal } from './refusal.ts';

const DAY = 86_400;
const CENTURY = 3_155_760_000;
const DEFAULT_SOFT_DELETE = 7 * DAY;

/** What a caller may set of a bucket. Settings that nothing here acts on are kept and shown as they came. */
const Settings = z.looseObject({
  retentionPolicy: z.object({ retentionPeriod: Int64 }).optional(),
  softDeletePolicy: z.object({ retentionDurationSeconds: Int64 }).optional(),
  versioning: z.object({ enabled: z.boolean() }).optional(),
});

/** What a rule may say here: delete what is as many days old. */
const Lifecycle = z.object({
  rule: z.array(
    z.object({
      action: z.object({ type: z.literal('Delete') }),
      condition: z.strictObject({ age: z.int().min(0) }),
    }),
  ),
});

const Name = z.string().regex(/^[a-z0-9](?:[a-z0-9_-]|\.(?!\.)){1,61}[a-z0-9]$/);

/** A bucket as it is kept and shown. `project`, by which it is listed, is ours: the service shows a number. */
export const Bucket = z.looseObject({
  name: Name,
  project: z.string(),
  metageneration: z.string(),
  timeCreated: z.string(),
  retentionPolicy: z
    .object({ retentionPeriod: z.string(), effectiveTime: z.string(), isLocked: z.literal(true).optional() })
    .optional(),
});
export type Bucket = z.infer<typeof Bucket>;

/** A new bucket of the settings in the body of `buckets.insert`. */
export function newBucket(body: unknown, project: string, now: Clock): Bucket {
  const named = z.looseObject({ name: Name }).safeParse(body);
  if (!named.success) throw invalid('Invalid bucket name.');
  const at = timestamp(now);
  const settings = readSettings({
    location: 'US',
    storageClass: 'STANDARD',
    softDeletePolicy: { retentionDurationSeconds: DEFAULT_SOFT_DELETE },
    ...named.data,
  });
  return {
    ...shown(settings, undefined, at),
    ...identity(named.data.name, project, at),
    metageneration: '1',
    updated: at,
  };
}

/** The bucket after `buckets.patch`: a JSON merge patch (RFC 7396), unless it weakens a locked retention policy. */
export function patchBucket(bucket: Bucket, patch: unknown, now: Clock): Bucket {
  const at = timestamp(now);
  const settings = readSettings(mergePatch(bucket, patch));
  const kept = bucket.retentionPolicy;
  const wanted = settings.retentionPolicy;
  if (
    kept?.isLocked &&
    (wanted === undefined || BigInt(wanted.retentionPeriod) < BigInt(kept.retentionPeriod))
  ) {
    throw new Refusal(
      403,
      'forbidden',
      `The retention policy of bucket '${bucket.name}' is locked: it can not be removed or shortened.`,
    );
  }
  return {
    ...shown(settings, kept, at),
    ...identity(bucket.name, bucket.project, bucket.timeCreated),
    ...next(bucket, at),
  };
}

/** The bucket after `buckets.lockRetentionPolicy`, which nothing undoes. */
export function lockRetention(bucket: Bucket, now: Clock): Bucket {
  if (bucket.retentionPolicy === undefined) throw invalid('The bucket has no retention policy to lock.');
  return {
    ...bucket,
    retentionPolicy: { ...bucket.retentionPolicy, isLocked: true },
    ...next(bucket, timestamp(now)),
  };
}

/** Until when an object of this bucket may be neither overwritten nor deleted; `undefined`: no such time. */
export function retainedUntil(bucket: Bucket, timeCreated: string): string | undefined {
  if (bucket.retentionPolicy === undefined) return undefined;
  const end = Date.parse(timeCreated) + Number(bucket.retentionPolicy.retentionPeriod) * 1000;
  return new Date(end).toISOString();
}

function readSettings(value: unknown): z.infer<typeof Settings> {
  const parsed = Settings.safeParse(value);
  if (!parsed.success) {
    throw invalid(
      `Invalid value for: ${parsed.error.issues.map((issue) => issue.path.join('.')).join(', ')}`,
    );
  }
  const retention = Number(parsed.data.retentionPolicy?.retentionPeriod ?? 1);
  if (retention < 1 || retention >= CENTURY) throw invalid('Retention period is out of range.');
  const soft = Number(parsed.data.softDeletePolicy?.retentionDurationSeconds ?? 0);
  const softInRange = soft === 0 || (soft >= 7 * DAY && soft <= 90 * DAY);
  if (!softInRange) throw invalid('Soft delete duration is out of range.');
  return parsed.data;
}

/** The age in days at which the lifecycle deletes objects of this bucket, by its rules that say nothing else. */
export function deletedAfterDays(bucket: Bucket): number | undefined {
  const rules = Lifecycle.safeParse(bucket['lifecycle']).data?.rule ?? [];
  const ages = rules.map(({ condition }) => condition.age);
  return ages.length === 0 ? undefined : Math.min(...ages);
}

/** The settings with what the service adds: since when the retention policy holds, and that it is locked. */
function shown(
  { retentionPolicy, ...settings }: z.infer<typeof Settings>,
  kept: Bucket['retentionPolicy'],
  at: string,
): object & Pick<Bucket, 'retentionPolicy'> {
  const same = kept !== undefined && kept.retentionPeriod === retentionPolicy?.retentionPeriod;
  return {
    ...settings,
    ...(retentionPolicy && {
      retentionPolicy: same
        ? kept
        : { ...retentionPolicy, effectiveTime: at, ...(kept?.isLocked && { isLocked: true as const }) },
    }),
  };
}

function identity(
  name: string,
  project: string,
  timeCreated: string,
): { kind: string; id: string } & Pick<Bucket, 'name' | 'project' | 'timeCreated'> {
  return { kind: 'storage#bucket', id: name, name, project, timeCreated };
}

function next(bucket: Bucket, at: string): { metageneration: string; updated: string } {
  return { metageneration: String(Number(bucket.metageneration) + 1), updated: at };
}

function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
