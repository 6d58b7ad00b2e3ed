import { needs, NEEDS } from '../../local/needs.ts';
import { type Identity, type Role, ROLES } from '../../local/roles.ts';
import { readRewrites } from '../../local/routes.ts';
import type { BucketName } from '../../local/storage/buckets.ts';
import { FUNCTIONS, type FunctionName, SCHEDULES, SUBSCRIPTIONS } from '../../local/topology.ts';
import { bucketName, emailOf, keyNames, projectOf, regionOf, REPOSITORY } from './names.ts';
import type { Plan } from './plan.ts';
import type { Settings } from './settings.ts';

/** Secrets by the variables that functions read them from, and how often each is to be made anew, in days. */
export const SECRETS = {
  SMTP_URL: { need: 'mail', rotateDays: 365 },
  SHOPIFY_CLIENT_SECRETS: { need: 'shopifyApp', rotateDays: 365 },
  STRIPE_LIVE_KEY: { need: 'stripe', rotateDays: 90 },
  STRIPE_TEST_KEY: { need: 'stripe', rotateDays: 365 },
  STRIPE_WEBHOOK_SECRETS: { need: 'stripeEvents', rotateDays: 365 },
  STRIPE_CONNECT_WEBHOOK_SECRETS: { need: 'stripeEvents', rotateDays: 365 },
} as const satisfies Record<string, { need: keyof typeof NEEDS; rotateDays: number }>;
type SecretName = keyof typeof SECRETS;

/** Whom the internet reaches, by the one table of routes. */
export const PUBLIC: ReadonlySet<FunctionName> = new Set(readRewrites().map(({ to }) => to));

function secretsOf(settings: Settings): SecretName[] {
  const has: Record<SecretName, boolean> = {
    SMTP_URL: true,
    SHOPIFY_CLIENT_SECRETS: settings.shopifyClientId !== undefined,
    STRIPE_LIVE_KEY: settings.stripe?.keys.includes('live') ?? false,
    STRIPE_TEST_KEY: settings.stripe?.keys.includes('test') ?? false,
    STRIPE_WEBHOOK_SECRETS: settings.stripe !== undefined,
    STRIPE_CONNECT_WEBHOOK_SECRETS: settings.stripe !== undefined,
  };
  return (Object.keys(SECRETS) as SecretName[]).filter((name) => has[name]);
}

export function secretId(name: SecretName): string {
  return `strongroom-${name.toLowerCase().replaceAll('_', '-')}`;
}

/** Places for secrets, which each of their readers may read and nobody else. Values are put there by hand. */
export function addSecrets(plan: Plan, settings: Settings): void {
  const { project } = settings;
  for (const name of secretsOf(settings)) {
    const { need, rotateDays } = SECRETS[name];
    const id = plan.resource('google_secret_manager_secret', secretId(name), {
      ...{ project, secret_id: secretId(name), replication: { auto: {} } },
      labels: { 'rotate-days': String(rotateDays) },
      depends_on: ['google_project_service.secretmanager'],
    })('id');
    for (const reader of NEEDS[need]) {
      plan.resource('google_secret_manager_secret_iam_member', `${reader}-${secretId(name)}`, {
        ...{ project, secret_id: id, role: 'roles/secretmanager.secretAccessor' },
        member: `\${google_service_account.${reader}.member}`,
      });
    }
  }
}

/** Buckets that a function names to Firestore, which writes there, and can not look into itself. */
const BY_NAME_ALONE: Partial<Record<Identity, readonly BucketName[]>> = { backup: ['backups'] };

/** The environment of a function that is no secret. Names of buckets are known to whom a right on them is given. */
export function environmentOf(name: Identity, settings: Settings): Record<string, string> {
  const keys = keyNames(settings);
  const { buckets = {} }: Role = ROLES[name];
  const variables: Record<BucketName, string> = {
    ledger: 'LEDGER_BUCKET',
    roots: 'ROOTS_BUCKET',
    logs: 'LOG_BUCKET',
    backups: 'BACKUP_BUCKET',
    keyringBackups: 'KEYRING_BACKUP_BUCKET',
    offsiteBackups: 'OFFSITE_BACKUP_BUCKET',
    offsiteKeyringBackups: 'OFFSITE_KEYRING_BACKUP_BUCKET',
    offsiteLogs: 'OFFSITE_LOG_BUCKET',
  };
  const known = [...(Object.keys(buckets) as BucketName[]), ...(BY_NAME_ALONE[name] ?? [])];
  const named = known.map((bucket) => [variables[bucket], bucketName(bucket, settings)]);
  return {
    GOOGLE_CLOUD_PROJECT: settings.project,
    STRONGROOM_ENV: 'production',
    BASE_URL: `https://${settings.domain}`,
    ...(settings.relyingParty !== undefined && { RP_ID: settings.relyingParty }),
    ...{ KMS_TENANT_KEK: keys.tenantKek, KMS_RECOVERY_KEK: keys.recoveryKek, KMS_ATTEST: keys.attest },
    LEDGER_BUCKET: bucketName('ledger', settings),
    ...(Object.fromEntries(named) as Record<string, string>),
    ...(needs('mail', name) && { MAIL_FROM: settings.mailFrom }),
    ...(needs('shopifyApp', name) &&
      settings.shopifyClientId !== undefined && { SHOPIFY_CLIENT_ID: settings.shopifyClientId }),
    ...(needs('stripe', name) &&
      settings.stripe !== undefined && { STRIPE_FEE_BASIS_POINTS: String(settings.stripe.feeBasisPoints) }),
    ...(needs('disclose', name) && { DISCLOSE_URL: '${google_cloud_run_v2_service.disclose.uri}' }),
    ...(needs('archiveLog', name) && { ARCHIVE_LOG_URL: '${google_cloud_run_v2_service.archive-log.uri}' }),
  };
}

/** One service of Cloud Run for each function, as the identity of its row in the table. */
export function addServices(plan: Plan, settings: Settings): void {
  const version = plan.variable(
    'release',
    'The tag of the images, such as the hash of the commit they were made of.',
  );
  addNetwork(plan, settings);
  for (const name of FUNCTIONS) addService(plan, name, version, settings);
  addCallers(plan, settings);
}

/** What calls other functions inside does so through this, and so is known to come from inside. */
function addNetwork(plan: Plan, { project, region }: Settings): void {
  const network = plan.resource('google_compute_network', 'inside', {
    ...{ project, name: 'strongroom-inside', auto_create_subnetworks: false },
  })('id');
  plan.resource('google_compute_subnetwork', 'inside', {
    ...{ project, region, name: 'strongroom-inside', network, ip_cidr_range: '10.8.0.0/24' },
    private_ip_google_access: true,
  });
}

function addService(plan: Plan, name: FunctionName, version: string, settings: Settings): void {
  const plain = Object.entries(environmentOf(name, settings)).map(([key, value]) => ({ name: key, value }));
  const secret = secretsOf(settings)
    .filter((each) => needs(SECRETS[each].need, name))
    .map((each) => ({
      name: each,
      value_source: {
        secret_key_ref: {
          secret: `projects/${settings.project}/secrets/${secretId(each)}`,
          version: 'latest',
        },
      },
    }));
  const inside = needs('disclose', name) || needs('archiveLog', name);
  plan.resource('google_cloud_run_v2_service', name, {
    ...{ project: projectOf(name, settings), location: regionOf(name, settings), name },
    // Only the load balancer reaches what is public; Pub/Sub, Cloud Scheduler and our own network reach the others.
    ingress: PUBLIC.has(name) ? 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER' : 'INGRESS_TRAFFIC_INTERNAL_ONLY',
    deletion_protection: false,
    template: {
      service_account: emailOf(name, settings),
      // As long as Pub/Sub waits.
      timeout: '600s',
      scaling: { min_instance_count: 0, max_instance_count: 100 },
      ...(inside && {
        vpc_access: {
          egress: 'ALL_TRAFFIC',
          network_interfaces: [
            { network: 'strongroom-inside', subnetwork: '${google_compute_subnetwork.inside.name}' },
          ],
        },
      }),
      containers: [
        {
          image: `${settings.region}-docker.pkg.dev/${settings.project}/${REPOSITORY}/${name}:${version}`,
          resources: { limits: { cpu: '1', memory: '512Mi' }, startup_cpu_boost: true, cpu_idle: true },
          env: [...plain, ...secret],
        },
      ],
    },
  });
}

/** Who may call a service: everyone, past the load balancer, or those whose part of the path it is. */
function addCallers(plan: Plan, settings: Settings): void {
  const allow = (name: FunctionName, who: string, member: string) =>
    plan.resource('google_cloud_run_v2_service_iam_member', `${who}-${name}`, {
      ...{ project: projectOf(name, settings), location: regionOf(name, settings) },
      ...{ name: `\${google_cloud_run_v2_service.${name}.name}`, role: 'roles/run.invoker', member },
    });
  const account = (name: Parameters<typeof emailOf>[0]) => `serviceAccount:${emailOf(name, settings)}`;
  for (const name of PUBLIC) allow(name, 'everyone', 'allUsers');
  for (const name of new Set(SUBSCRIPTIONS.map(({ to }) => to))) allow(name, 'pusher', account('pusher'));
  for (const name of new Set(SCHEDULES.map(({ to }) => to))) {
    const offsite = projectOf(name, settings) === settings.offsiteProject;
    allow(name, 'scheduler', account(offsite ? 'offsite-scheduler' : 'scheduler'));
  }
  for (const name of NEEDS.disclose) allow('disclose', name, account(name));
  for (const name of NEEDS.archiveLog) allow('archive-log', name, account(name));
  const number = plan.data('google_project', 'offsite', { project_id: settings.offsiteProject })('number');
  plan.resource('google_artifact_registry_repository_iam_member', 'offsite', {
    ...{ project: settings.project, location: settings.region, repository: REPOSITORY },
    role: 'roles/artifactregistry.reader',
    member: `serviceAccount:service-${number}@serverless-robot-prod.iam.gserviceaccount.com`,
  });
}
