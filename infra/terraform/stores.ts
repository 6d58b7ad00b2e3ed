import { ROTATION_SECONDS } from '../../local/kms/provision.ts';
import { type BucketName, BUCKETS } from '../../local/storage/buckets.ts';
import { bucketName, KEY_RING, REPOSITORY } from './names.ts';
import type { Plan } from './plan.ts';
import type { Settings } from './settings.ts';

const THIRTY_DAYS = '2592000s';
const DATABASES = ['(default)', 'keyring', 'staff'];

/** Databases, buckets, keys, the place of images, and the APIs that all need. */
export function addStores(plan: Plan, settings: Settings): void {
  addApis(plan, settings);
  addDatabases(plan, settings);
  addBuckets(plan, settings);
  addKeys(plan, settings);
  plan.resource('google_artifact_registry_repository', REPOSITORY, {
    ...{ project: settings.project, location: settings.region, repository_id: REPOSITORY, format: 'DOCKER' },
    docker_config: { immutable_tags: true },
    depends_on: ['google_project_service.artifactregistry'],
  });
}

const BOTH = [
  'cloudkms',
  'cloudresourcemanager',
  'cloudscheduler',
  'iam',
  'logging',
  'monitoring',
  'run',
  'storage',
];
const OWN = ['artifactregistry', 'compute', 'firebaserules', 'firestore', 'pubsub', 'secretmanager'];

function addApis(plan: Plan, { project, offsiteProject }: Settings): void {
  const enable = (of: string, api: string, name: string) =>
    plan.resource('google_project_service', name, {
      ...{ project: of, service: `${api}.googleapis.com`, disable_on_destroy: false },
    });
  for (const api of [...BOTH, ...OWN]) enable(project, api, api);
  for (const api of BOTH) enable(offsiteProject, api, `offsite-${api}`);
}

/** Rules, indexes and expiry come from the repository: `firebase deploy --only firestore`. */
function addDatabases(plan: Plan, { project, locations }: Settings): void {
  for (const name of DATABASES) {
    plan.resource('google_firestore_database', name, {
      ...{ project, name, location_id: locations.databases, type: 'FIRESTORE_NATIVE' },
      // What is purged of the keyring is to be gone; of the others our own backups keep what is to be kept.
      point_in_time_recovery_enablement: 'POINT_IN_TIME_RECOVERY_DISABLED',
      delete_protection_state: 'DELETE_PROTECTION_ENABLED',
      depends_on: ['google_project_service.firestore'],
    });
  }
}

function addBuckets(plan: Plan, settings: Settings): void {
  for (const name of Object.keys(BUCKETS) as BucketName[]) {
    const { retentionSeconds, locked, deleteAfterDays, offsite, public: open } = BUCKETS[name];
    plan.resource('google_storage_bucket', name, {
      name: bucketName(name, settings),
      project: offsite ? settings.offsiteProject : settings.project,
      location: offsite ? settings.locations.offsite : settings.locations.buckets,
      uniform_bucket_level_access: true,
      ...(!open && { public_access_prevention: 'enforced' }),
      soft_delete_policy: { retention_duration_seconds: 0 },
      versioning: { enabled: false },
      ...(retentionSeconds !== undefined && {
        retention_policy: { retention_period: retentionSeconds, is_locked: locked ?? false },
      }),
      ...(deleteAfterDays !== undefined && {
        lifecycle_rule: [{ action: { type: 'Delete' }, condition: { age: deleteAfterDays } }],
      }),
      depends_on: [`google_project_service.${offsite ? 'offsite-storage' : 'storage'}`],
    });
    if (!open) continue;
    // Not the list of them: https://cloud.google.com/storage/docs/access-control/making-data-public.
    plan.resource('google_storage_bucket_iam_member', `${name}-public`, {
      ...{ bucket: `\${google_storage_bucket.${name}.name}` },
      ...{ role: 'roles/storage.legacyObjectReader', member: 'allUsers' },
    });
  }
}

function addKeys(plan: Plan, settings: Settings): void {
  const ring = (project: string, name: string, api: string) =>
    plan.resource('google_kms_key_ring', name, {
      ...{ project, name: KEY_RING, location: settings.locations.keys },
      depends_on: [`google_project_service.${api}`],
    })('id');
  const own = ring(settings.project, 'own', 'cloudkms');
  const offsite = ring(settings.offsiteProject, 'offsite', 'offsite-cloudkms');
  const key = (name: string, keyRing: string, body: object) =>
    plan.resource('google_kms_crypto_key', name, {
      ...{ name, key_ring: keyRing, destroy_scheduled_duration: THIRTY_DAYS },
      ...body,
      lifecycle: { prevent_destroy: true },
    });
  const wrapping = {
    purpose: 'ENCRYPT_DECRYPT',
    version_template: { algorithm: 'GOOGLE_SYMMETRIC_ENCRYPTION', protection_level: 'HSM' },
  };
  // Who used which version stands in the audit logs only where that is asked for.
  for (const project of [settings.project, settings.offsiteProject]) {
    plan.resource('google_project_iam_audit_config', project, {
      ...{ project, service: 'cloudkms.googleapis.com' },
      audit_log_config: ['ADMIN_READ', 'DATA_READ', 'DATA_WRITE'].map((type) => ({ log_type: type })),
    });
  }
  key('tenant-kek', own, { ...wrapping, rotation_period: `${ROTATION_SECONDS}s` });
  key('recovery-kek', offsite, wrapping);
  key('attest', own, {
    purpose: 'ASYMMETRIC_SIGN',
    version_template: { algorithm: 'EC_SIGN_P256_SHA256', protection_level: 'HSM' },
  });
}
