import { describe, expect, it } from 'vitest';
import { type Identity, type Role, ROLES } from '../../local/roles.ts';
import { BUCKETS } from '../../local/storage/buckets.ts';
import { TOPICS } from '../../local/topology.ts';
import { all, plans } from './plan.ts';

interface Binding {
  role: string;
  member: string;
  project?: string;
  bucket?: string;
  topic?: string;
  crypto_key_id?: string;
  condition?: { expression: string };
}

const { base, serve } = plans();
const IDENTITIES = (Object.keys(ROLES) as Identity[]).filter((name) => name !== 'seed');

/** `datastore.user on the database keyring`, as the table has it. */
function rightsOf(name: Identity): string[] {
  const role: Role = ROLES[name];
  const each = <T extends string>(of: Partial<Record<string, T | readonly T[]>> | undefined, what: string) =>
    Object.entries(of ?? {}).flatMap(([on, rights]) =>
      [rights ?? []].flat().map((right) => `${right} on the ${what} ${on}`),
    );
  const restored = { any: 'databases/', drill: 'databases/drill-' };
  return [
    ...each(role.databases, 'database'),
    ...(role.exports ?? []).map((id) => `strongroom.databaseExporter on the database ${id}`),
    ...each(role.keys, 'key'),
    ...each(role.topics, 'topic'),
    ...each(role.buckets, 'bucket'),
    ...(role.restores === undefined
      ? []
      : [
          `strongroom.databaseRestorer on ${restored[role.restores]}*`,
          `datastore.user on ${restored[role.restores]}*`,
          'strongroom.databaseLister on the project',
        ]),
  ].sort();
}

const KEYS: Record<string, string> = {
  'projects/acme-hub/locations/europe/keyRings/strongroom/cryptoKeys/tenant-kek': 'tenantKek',
  'projects/acme-hub-offsite/locations/europe/keyRings/strongroom/cryptoKeys/recovery-kek': 'recoveryKek',
  'projects/acme-hub/locations/europe/keyRings/strongroom/cryptoKeys/attest': 'attest',
};
const BUCKET_NAMES: Record<string, string> = {
  'acme-hub-ledger': 'ledger',
  'acme-hub-roots': 'roots',
  'acme-hub-logs': 'logs',
  'acme-hub-backups': 'backups',
  'acme-hub-keyring-backups': 'keyringBackups',
  'acme-hub-offsite-backups': 'offsiteBackups',
  'acme-hub-offsite-keyring-backups': 'offsiteKeyringBackups',
  'acme-hub-offsite-logs': 'offsiteLogs',
};

/** The same, as Terraform has it. */
function granted(name: Identity): string[] {
  const member = `\${google_service_account.${name}.member}`;
  const own = (type: string): Binding[] =>
    all<Binding>(base, type).flatMap(([, body]) => (body.member === member ? [body] : []));
  const short = ({ role }: Binding): string =>
    role.replace(/^roles\//, '').replace(/^projects\/[\w-]+\/roles\/strongroom_/, 'strongroom.');
  const onProject = own('google_project_iam_member').map((binding) => {
    const { condition } = binding;
    if (condition === undefined) return `${short(binding)} on the project`;
    const one = /^resource\.name == "projects\/acme-hub\/databases\/([^"]+)"$/.exec(
      condition.expression,
    )?.[1];
    const some = /^resource\.name\.startsWith\("projects\/acme-hub\/([^"]+)"\)$/.exec(
      condition.expression,
    )?.[1];
    return `${short(binding)} on ${one === undefined ? `${some ?? condition.expression}*` : `the database ${one}`}`;
  });
  return [
    ...onProject,
    ...own('google_kms_crypto_key_iam_member').map(
      (binding) => `${short(binding)} on the key ${KEYS[binding.crypto_key_id ?? ''] ?? '?'}`,
    ),
    ...own('google_pubsub_topic_iam_member').map(
      (binding) =>
        `${short(binding)} on the topic ${/^\$\{google_pubsub_topic\.(.+)\.name\}$/.exec(binding.topic ?? '')?.[1] ?? '?'}`,
    ),
    ...own('google_storage_bucket_iam_member').map(
      (binding) => `${short(binding)} on the bucket ${BUCKET_NAMES[binding.bucket ?? ''] ?? '?'}`,
    ),
  ].sort();
}

describe('the identity of', () => {
  it.each(IDENTITIES)('%s has the rights of its row, and no other', (name) => {
    expect(granted(name)).toEqual(rightsOf(name));
  });
});

describe('nobody else', () => {
  it('has a right but those who are named here', () => {
    const known = new Set(IDENTITIES.map((name) => `\${google_service_account.${name}.member}`));
    const others = Object.entries(base.resource)
      .filter(([type]) => type.includes('_iam_') && !/custom_role$|audit_config$/.test(type))
      .flatMap(([type, named]) =>
        Object.values(named ?? {}).map((body) => {
          const { member, role, bucket = '' } = body as unknown as Binding;
          return known.has(member)
            ? ''
            : `${type.replace(/^google_/, '')}: ${member} ${role} ${bucket}`.trim();
        }),
      )
      .filter((line) => line !== '')
      .sort();
    expect(others).toEqual(
      [
        'kms_key_ring_iam_member: group:officers@example.com roles/cloudkms.admin',
        'kms_key_ring_iam_member: group:officers@example.com roles/cloudkms.admin',
        'project_iam_member: group:officers@example.com roles/logging.privateLogViewer',
        'project_iam_member: group:officers@example.com roles/secretmanager.viewer',
        'service_account_iam_member: group:officers@example.com roles/iam.serviceAccountTokenCreator',
        ...['plant-drill', 'replay-ledger', 'staff-admin'].map(
          () =>
            'service_account_iam_member: group:operators@example.com roles/iam.serviceAccountTokenCreator',
        ),
        'storage_bucket_iam_member: allUsers roles/storage.legacyObjectReader ${google_storage_bucket.roots.name}',
      ].sort(),
    );
  });

  it('reads a secret but who needs it', () => {
    const readers = all<{ secret_id: string; member: string }>(
      base,
      'google_secret_manager_secret_iam_member',
    ).map(([label]) => label);
    expect(readers.sort()).toEqual([
      'accounts-strongroom-shopify-client-secrets',
      'accounts-strongroom-smtp-url',
      ...['bill', 'billing'].flatMap((name) => [
        `${name}-strongroom-stripe-live-key`,
        `${name}-strongroom-stripe-test-key`,
      ]),
      'partners-strongroom-smtp-url',
      'pull-strongroom-shopify-client-secrets',
      'recover-strongroom-smtp-url',
      'settle-strongroom-stripe-live-key',
      'settle-strongroom-stripe-test-key',
      'stripe-webhooks-strongroom-stripe-connect-webhook-secrets',
      'stripe-webhooks-strongroom-stripe-webhook-secrets',
      'webhooks-strongroom-shopify-client-secrets',
    ]);
  });

  it('calls a function but the internet, past the load balancer, Pub/Sub, the schedules and two functions inside', () => {
    const callers = all<{ role: string; member: string }>(serve, 'google_cloud_run_v2_service_iam_member');
    const inside = callers.filter(([label]) => !label.startsWith('everyone-'));
    for (const [label, { member }] of inside) expect(member, label).toMatch(/^serviceAccount:strongroom-/);
    expect(
      inside.map(([label]) => label).filter((label) => /-(?:disclose|archive-log)$/.test(label)),
    ).toEqual(['scheduler-archive-log', 'support-disclose', 'audit-archive-log']);
    const ingress = new Map(
      all<{ ingress: string }>(serve, 'google_cloud_run_v2_service').map(([name, body]) => [
        name,
        body.ingress,
      ]),
    );
    for (const name of callers.flatMap(([label]) => /^everyone-(.+)$/.exec(label)?.[1] ?? [])) {
      expect(ingress.get(name), name).toBe('INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER');
      ingress.delete(name);
    }
    expect(new Set(ingress.values())).toEqual(new Set(['INGRESS_TRAFFIC_INTERNAL_ONLY']));
    expect([...ingress.keys()]).toContain('disclose');
  });
});

describe('what forgets', () => {
  it('is all that holds keys: no retention, no versions, no soft delete, no point in time', () => {
    const buckets = Object.fromEntries(all<Record<string, unknown>>(base, 'google_storage_bucket'));
    expect(Object.keys(buckets).sort()).toEqual(Object.keys(BUCKETS).sort());
    for (const name of ['keyringBackups', 'offsiteKeyringBackups']) {
      expect(buckets[name], name).toMatchObject({
        soft_delete_policy: { retention_duration_seconds: 0 },
        versioning: { enabled: false },
        lifecycle_rule: [{ action: { type: 'Delete' }, condition: { age: 1 } }],
      });
      expect(buckets[name], name).not.toHaveProperty('retention_policy');
    }
    const databases = all<{ name: string; point_in_time_recovery_enablement: string }>(
      base,
      'google_firestore_database',
    );
    expect(
      databases.map(([, { name, point_in_time_recovery_enablement: past }]) => [name, past]).sort(),
    ).toEqual(
      ['(default)', 'keyring', 'staff'].map((name) => [name, 'POINT_IN_TIME_RECOVERY_DISABLED']).sort(),
    );
    expect(all(base, 'google_pubsub_topic').map(([name]) => name)).toEqual([...TOPICS]);
  });
});
