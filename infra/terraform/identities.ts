import { OWN_ROLES } from '../../local/own-roles.ts';
import { type Identity, type Role, ROLES } from '../../local/roles.ts';
import { accountId, bucketName, type Caller, keyNames, projectOf } from './names.ts';
import type { Plan } from './plan.ts';
import type { Settings } from './settings.ts';

/** Whom Terraform makes an account for. `seed` plays Terraform on one machine, and is nobody here. */
const IDENTITIES = (Object.keys(ROLES) as Identity[]).filter((name) => name !== 'seed');
const CALLERS: readonly Caller[] = ['pusher', 'scheduler', 'offsite-scheduler'];
/** Commands that people run, as these and not as themselves, and who may. `restore` is given by hand, while it is needed. */
const RUN_BY = {
  'plant-drill': 'operators',
  'staff-admin': 'operators',
  'replay-ledger': 'operators',
  rewrap: 'securityOfficers',
  restore: undefined,
} as const satisfies Partial<Record<Identity, 'operators' | 'securityOfficers' | undefined>>;
export const COMMANDS = Object.keys(RUN_BY) as (keyof typeof RUN_BY)[];

/** Accounts, and each right of `local/roles.ts` as one binding. */
export function addIdentities(plan: Plan, settings: Settings): void {
  for (const name of [...IDENTITIES, ...CALLERS]) {
    plan.resource('google_service_account', name, {
      project: projectOf(name, settings),
      account_id: accountId(name),
      display_name: `Strongroom: ${name}`,
    });
  }
  addOwnRoles(plan, settings);
  for (const name of IDENTITIES) addRights(plan, name, settings);
  addPeople(plan, settings);
}

function roleName(role: string, project: string): string {
  if (!role.startsWith('strongroom.')) return `roles/${role}`;
  return `projects/${project}/roles/${role.replace('.', '_')}`;
}

function addOwnRoles(plan: Plan, { project, offsiteProject }: Settings): void {
  for (const [role, permissions] of Object.entries(OWN_ROLES)) {
    const make = (of: string, prefix: string) =>
      plan.resource('google_project_iam_custom_role', `${prefix}${role}`, {
        ...{ project: of, role_id: role.replace('.', '_'), title: role.replace('.', ': ') },
        permissions: [...permissions],
      });
    make(project, '');
    // Offsite there are buckets alone.
    if (permissions.every((each) => each.startsWith('storage.'))) make(offsiteProject, 'offsite-');
  }
  plan.resource('google_project_iam_custom_role', 'strongroom.databaseLister', {
    ...{ project, role_id: 'strongroom_databaseLister', title: 'strongroom: databaseLister' },
    permissions: ['datastore.databases.list'],
  });
}

function addRights(plan: Plan, name: Identity, settings: Settings): void {
  const role: Role = ROLES[name];
  const { project, offsiteProject } = settings;
  // Refers to the account, so that Terraform makes it first.
  const account = (as: string) => `\${google_service_account.${as}.member}`;
  const member = account(name);
  const own = (right: string, of = project) => ({
    role: roleName(right, of),
    ...(right.startsWith('strongroom.') && {
      depends_on: [
        `google_project_iam_custom_role.${of === project ? '' : 'offsite-'}${right.replace('.', '-')}`,
      ],
    }),
  });
  const onDatabases = (right: string, title: string, expression: string) =>
    plan.resource('google_project_iam_member', `${name}-${title}-${right}`, {
      ...{ project, member, ...own(right), condition: { title, expression } },
    });
  const database = (right: string, id: string) =>
    onDatabases(right, id === '(default)' ? 'default' : id, `resource.name == "${databaseOf(project, id)}"`);

  for (const [id, right] of Object.entries(role.databases ?? {})) database(right, id);
  for (const id of role.exports ?? []) database('strongroom.databaseExporter', id);
  if (role.restores !== undefined) {
    const prefix = databaseOf(project, role.restores === 'any' ? '' : 'drill-');
    for (const right of ['strongroom.databaseRestorer', 'datastore.user']) {
      onDatabases(right, `${role.restores}-database`, `resource.name.startsWith("${prefix}")`);
    }
    plan.resource('google_project_iam_member', `${name}-databaseLister`, {
      ...{ project, member, ...own('strongroom.databaseLister') },
    });
  }
  for (const [key, rights] of Object.entries(role.keys ?? {})) {
    for (const right of rights) {
      plan.resource('google_kms_crypto_key_iam_member', `${name}-${key}-${right}`, {
        crypto_key_id: keyNames(settings)[key as keyof ReturnType<typeof keyNames>],
        ...{ role: roleName(right, project), member },
        depends_on: [`google_kms_crypto_key.${key.replace('Kek', '-kek')}`],
      });
    }
  }
  for (const [topic, right] of Object.entries(role.topics ?? {})) {
    plan.resource('google_pubsub_topic_iam_member', `${name}-${topic}`, {
      ...{ project, topic: `\${google_pubsub_topic.${topic}.name}`, role: roleName(right, project), member },
    });
  }
  for (const [bucket, rights] of Object.entries(role.buckets ?? {})) {
    const of = bucket.startsWith('offsite') ? offsiteProject : project;
    for (const right of rights) {
      plan.resource('google_storage_bucket_iam_member', `${name}-${bucket}-${right}`, {
        ...{
          bucket: bucketName(bucket as Parameters<typeof bucketName>[0], settings),
          member,
          ...own(right, of),
        },
      });
    }
  }
}

function databaseOf(project: string, id: string): string {
  return `projects/${project}/databases/${id}`;
}

/** Security officers make and destroy versions of keys and use none; operators act as their commands. */
function addPeople(plan: Plan, settings: Settings): void {
  const { project, securityOfficers } = settings;
  for (const ring of ['own', 'offsite']) {
    plan.resource('google_kms_key_ring_iam_member', `officers-${ring}`, {
      ...{ key_ring_id: `\${google_kms_key_ring.${ring}.id}`, role: 'roles/cloudkms.admin' },
      member: securityOfficers,
    });
  }
  for (const role of ['secretmanager.viewer', 'logging.privateLogViewer']) {
    plan.resource('google_project_iam_member', `officers-${role}`, {
      ...{ project, role: `roles/${role}`, member: securityOfficers },
    });
  }
  for (const name of COMMANDS) {
    const who = RUN_BY[name];
    if (who === undefined) continue;
    plan.resource('google_service_account_iam_member', `people-as-${name}`, {
      ...{ service_account_id: `\${google_service_account.${name}.name}`, member: settings[who] },
      role: 'roles/iam.serviceAccountTokenCreator',
    });
  }
}
