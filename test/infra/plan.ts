import { plansOf } from '../../infra/terraform/plans.ts';
import { Settings } from '../../infra/terraform/settings.ts';

type Named = Record<string, Record<string, unknown>>;

export interface PlanJson {
  resource: Record<string, Named | undefined>;
  data?: Record<string, Named | undefined>;
  variable?: Record<string, unknown>;
}

export const SETTINGS = {
  project: 'acme-hub',
  offsiteProject: 'acme-hub-offsite',
  region: 'europe-west1',
  offsiteRegion: 'europe-north1',
  locations: { databases: 'eur3', keys: 'europe', buckets: 'EU', offsite: 'europe-north1' },
  domain: 'hub.example.com',
  relyingParty: 'example.com',
  mailFrom: 'hub@example.com',
  alarms: 'on-call@example.com',
  securityOfficers: 'group:officers@example.com',
  operators: 'group:operators@example.com',
  shopifyClientId: 'abc123',
  stripe: { keys: ['live', 'test'], feeBasisPoints: 50 },
} satisfies Settings;

export function plans(settings: object = SETTINGS): Record<'base' | 'serve', PlanJson> {
  return plansOf(Settings.parse(settings)) as unknown as Record<'base' | 'serve', PlanJson>;
}

/** The bodies of all resources of one type, by label. */
export function all<T>(plan: PlanJson, type: string): [label: string, body: T][] {
  return Object.entries(plan.resource[type] ?? {}) as [string, T][];
}
