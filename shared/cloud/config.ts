import { z } from 'zod';
import { parseStandIns, type StandIns } from './egress-target.ts';

const Address = z.string().regex(/^[a-z0-9.-]+:\d+$/i, 'not host:port');
const CryptoKeyName = z
  .string()
  .regex(
    /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/,
    'not the full name of a KMS crypto key',
  );

const Environment = z.object({
  GOOGLE_CLOUD_PROJECT: z.string().min(1),
  STRONGROOM_ENV: z.enum(['production', 'local']).default('production'),
  BASE_URL: z.url(),
  RP_ID: z.hostname().optional(),
  KMS_TENANT_KEK: CryptoKeyName,
  KMS_RECOVERY_KEK: CryptoKeyName,
  KMS_ATTEST: CryptoKeyName,
  LEDGER_BUCKET: z.string().min(3),
  ROOTS_BUCKET: z.string().min(3).optional(),
  LOG_BUCKET: z.string().min(3).optional(),
  BACKUP_BUCKET: z.string().min(3).optional(),
  KEYRING_BACKUP_BUCKET: z.string().min(3).optional(),
  OFFSITE_BACKUP_BUCKET: z.string().min(3).optional(),
  OFFSITE_KEYRING_BACKUP_BUCKET: z.string().min(3).optional(),
  OFFSITE_LOG_BUCKET: z.string().min(3).optional(),
  CLOUD_ENDPOINT: Address.optional(),
  DISCLOSE_URL: z.url().optional(),
  ARCHIVE_LOG_URL: z.url().optional(),
  STORAGE_ENDPOINT: z.url({ protocol: /^http$/, hostname: /^127\.0\.0\.1$/ }).optional(),
  EGRESS_STAND_INS: z.string().optional(),
});

/** What a function knows of its surroundings. No secret is in it: those are opened through KMS. */
export interface Config {
  projectId: string;
  production: boolean;
  /** Where the hub answers, without a slash at the end. */
  baseUrl: string;
  /** For whom passkeys are made (WebAuthn's RP ID) and on which pages they work. */
  relyingParty: { id: string; origin: string };
  /** Full names of the KMS crypto keys. */
  kms: { tenantKek: string; recoveryKek: string; attest: string };
  ledgerBucket: string;
  /** Signed roots, write-once and for everyone to read; known to the functions that have to do with it. */
  rootsBucket: string | undefined;
  /** Entries of logs that have left the database, write-once and for nobody else to read. */
  logBucket: string | undefined;
  /**
   * Where the databases' exports go, `keyring`'s apart from those of the others, and where the offsite project keeps its
   * copies of them and of moved logs; known to the functions that have to do with them.
   */
  backupBuckets: Record<
    'backups' | 'keyringBackups' | 'offsiteBackups' | 'offsiteKeyringBackups' | 'offsiteLogs',
    string | undefined
  >;
  /** Where `disclose` answers inside, without a slash at the end; known to the one function that may call it. */
  discloseUrl: string | undefined;
  /** The same of `archive-log`. */
  archiveLogUrl: string | undefined;
  /** `host:port` in front of Firestore, Pub/Sub and KMS on one machine; never in production. */
  cloudEndpoint: string | undefined;
  /** Base URL of Cloud Storage's JSON API on one machine; never in production. */
  storageEndpoint: string | undefined;
  /** Shops that are played on one machine, by host; none in production. */
  standIns: StandIns;
}

const EMULATORS = ['FIRESTORE_EMULATOR_HOST', 'PUBSUB_EMULATOR_HOST', 'STORAGE_EMULATOR_HOST'];

/** Reads the environment once and tells every problem at once, by the names of the variables. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const parsed = Environment.safeParse(env);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The configuration is not valid. ${problems.join('; ')}`);
  }
  const values = parsed.data;
  const production = values.STRONGROOM_ENV === 'production';
  if (production && (values.CLOUD_ENDPOINT ?? values.STORAGE_ENDPOINT) !== undefined) {
    throw new Error('CLOUD_ENDPOINT and STORAGE_ENDPOINT have no place in production.');
  }
  if (production && values.EGRESS_STAND_INS !== undefined) {
    throw new Error(
      'EGRESS_STAND_INS has no place in production: calls out go to the public internet alone.',
    );
  }
  const standIns = parseStandIns(values.EGRESS_STAND_INS ?? '');
  if (standIns === undefined) throw new Error('EGRESS_STAND_INS: not host=port with commas between.');
  if (production && EMULATORS.some((name) => env[name] !== undefined)) {
    throw new Error(
      `${EMULATORS.join(', ')}: the clients would obey them, and they have no place in production.`,
    );
  }
  if (production && !values.BASE_URL.startsWith('https://')) {
    throw new Error('BASE_URL: production is reached over https only.');
  }
  for (const name of ['DISCLOSE_URL', 'ARCHIVE_LOG_URL'] as const) {
    if (production && values[name]?.startsWith('https://') === false) {
      throw new Error(`${name}: production is reached over https only.`);
    }
  }
  return {
    projectId: values.GOOGLE_CLOUD_PROJECT,
    production,
    baseUrl: values.BASE_URL.replace(/\/+$/, ''),
    relyingParty: relyingParty(values.BASE_URL, values.RP_ID),
    kms: {
      tenantKek: values.KMS_TENANT_KEK,
      recoveryKek: values.KMS_RECOVERY_KEK,
      attest: values.KMS_ATTEST,
    },
    ledgerBucket: values.LEDGER_BUCKET,
    rootsBucket: values.ROOTS_BUCKET,
    logBucket: values.LOG_BUCKET,
    backupBuckets: {
      backups: values.BACKUP_BUCKET,
      keyringBackups: values.KEYRING_BACKUP_BUCKET,
      offsiteBackups: values.OFFSITE_BACKUP_BUCKET,
      offsiteKeyringBackups: values.OFFSITE_KEYRING_BACKUP_BUCKET,
      offsiteLogs: values.OFFSITE_LOG_BUCKET,
    },
    discloseUrl: values.DISCLOSE_URL?.replace(/\/+$/, ''),
    archiveLogUrl: values.ARCHIVE_LOG_URL?.replace(/\/+$/, ''),
    cloudEndpoint: values.CLOUD_ENDPOINT,
    storageEndpoint: values.STORAGE_ENDPOINT,
    standIns,
  };
}

/**
 * A passkey is bound to the host of `BASE_URL`, or to a domain above it that `RP_ID` names. An address is no domain, so
 * on one machine the pages that use passkeys are those at `localhost`.
 */
function relyingParty(baseUrl: string, domain: string | undefined): Config['relyingParty'] {
  const url = new URL(baseUrl);
  if (url.hostname === '127.0.0.1') url.hostname = 'localhost';
  const id = domain ?? url.hostname;
  if (id !== url.hostname && !url.hostname.endsWith(`.${id}`)) {
    throw new Error('RP_ID: neither the host of BASE_URL nor a domain above it.');
  }
  return { id, origin: url.origin };
}

/** `127.0.0.1:8085` as its two parts. */
export function hostAndPort(endpoint: string): { host: string; port: number } {
  const colon = endpoint.lastIndexOf(':');
  return { host: endpoint.slice(0, colon), port: Number(endpoint.slice(colon + 1)) };
}
