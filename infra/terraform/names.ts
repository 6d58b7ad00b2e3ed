import type { Identity } from '../../local/roles.ts';
import { bucketName as nameOfBucket, type BucketName } from '../../local/storage/buckets.ts';
import type { FunctionName } from '../../local/topology.ts';
import type { Settings } from './settings.ts';

/** Functions that run in the offsite project, and who calls them there: identities of its own. */
const OFFSITE: readonly string[] = ['offsite-copy', 'offsite-purge', 'offsite-scheduler'] satisfies (
  FunctionName | Caller
)[];

export const REPOSITORY = 'strongroom';
export const KEY_RING = 'strongroom';

export function projectOf(name: string, { project, offsiteProject }: Settings): string {
  return OFFSITE.includes(name) ? offsiteProject : project;
}

export function regionOf(name: string, { region, offsiteRegion }: Settings): string {
  return OFFSITE.includes(name) ? offsiteRegion : region;
}

/** What Pub/Sub and Cloud Scheduler call functions as, and what is only here: no function runs as it. */
export type Caller = 'pusher' | 'scheduler' | 'offsite-scheduler';

export function accountId(name: Identity | Caller): string {
  return `strongroom-${name}`;
}

export function emailOf(name: Identity | Caller, settings: Settings): string {
  return `${accountId(name)}@${projectOf(name, settings)}.iam.gserviceaccount.com`;
}

/** Both projects' buckets are named by the hub's project, as the hub on one machine does. */
export function bucketName(name: BucketName, { project }: Settings): string {
  return nameOfBucket(project, name);
}

export function keyNames({ project, offsiteProject, locations }: Settings) {
  const ring = (of: string) => `projects/${of}/locations/${locations.keys}/keyRings/${KEY_RING}/cryptoKeys`;
  return {
    tenantKek: `${ring(project)}/tenant-kek`,
    recoveryKek: `${ring(offsiteProject)}/recovery-kek`,
    attest: `${ring(project)}/attest`,
  };
}
