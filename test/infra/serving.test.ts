import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { json } from 'node:stream/consumers';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { matchesOf } from '../../infra/terraform/edge.ts';
import { cronOf } from '../../infra/terraform/messages.ts';
import { commandsOf } from '../../infra/terraform/plans.ts';
import { Settings } from '../../infra/terraform/settings.ts';
import { needs } from '../../local/needs.ts';
import { readRewrites, readRoutes } from '../../local/routes.ts';
import { FUNCTIONS, SCHEDULES, SUBSCRIPTIONS } from '../../local/topology.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { all, type PlanJson, plans, SETTINGS } from './plan.ts';

interface Service {
  project: string;
  template: {
    service_account: string;
    containers: [{ image: string; env: { name: string; value?: string; value_source?: object }[] }];
  };
}

const { base, serve } = plans();
const services = new Map(all<Service>(serve, 'google_cloud_run_v2_service'));

/** As Cloud Run gives it to the process, with something of the right form where a secret or an address comes. */
function environment(name: string): Record<string, string> {
  const secret: Record<string, string> = {
    SMTP_URL: 'smtps://user:pass@mail.example.com',
    SHOPIFY_CLIENT_SECRETS: 'shhh',
    STRIPE_LIVE_KEY: 'rk_live_1',
    STRIPE_TEST_KEY: 'rk_test_1',
    STRIPE_WEBHOOK_SECRETS: 'whsec_1',
    STRIPE_CONNECT_WEBHOOK_SECRETS: 'whsec_2',
  };
  const env = services.get(name)?.template.containers[0].env ?? [];
  return Object.fromEntries(
    env.map(({ name: key, value }) => [
      key,
      value === undefined ? (secret[key] ?? '') : value.replace(/^\$\{.+\.uri\}$/, 'https://inside.run.app'),
    ]),
  );
}

/** Builds the functions in a process of its own; answers what went wrong, by function. */
async function built(
  environments: Record<string, Record<string, string>>,
): Promise<Record<string, string | null>> {
  const file = resolve(import.meta.dirname, 'build-functions.ts');
  const child = execFile(process.execPath, [file], { env: { METADATA_SERVER_DETECTION: 'none' } });
  child.stdin?.end(JSON.stringify(environments));
  return (await json(child.stdout ?? process.stdin)) as Record<string, string | null>;
}

describe('each function', () => {
  it('is built from the environment that it is given', async () => {
    const told = await built(Object.fromEntries(FUNCTIONS.map((name) => [name, environment(name)])));
    expect(told).toEqual(Object.fromEntries(FUNCTIONS.map((name) => [name, null])));
    // One variable less is noticed.
    const { BACKUP_BUCKET: _backups, ...less } = environment('backup');
    expect((await built({ backup: less }))['backup']).toContain('bucket');
  });

  it.each(FUNCTIONS)(
    '%s runs as its own identity, where it belongs, and knows no more than it needs',
    (name) => {
      const env = environment(name);
      const config = readConfig(env);
      expect(config).toMatchObject({
        production: true,
        baseUrl: 'https://hub.example.com',
        standIns: new Map(),
      });
      expect(config.relyingParty.id).toBe('example.com');
      const has = (...names: string[]): boolean[] => names.map((key) => key in env);
      expect(has('SMTP_URL', 'MAIL_FROM')).toEqual(Array(2).fill(needs('mail', name)));
      expect(has('STRIPE_LIVE_KEY', 'STRIPE_TEST_KEY')).toEqual(Array(2).fill(needs('stripe', name)));
      expect(has('STRIPE_WEBHOOK_SECRETS')).toEqual([needs('stripeEvents', name)]);
      expect(has('SHOPIFY_CLIENT_ID', 'SHOPIFY_CLIENT_SECRETS')).toEqual(
        Array(2).fill(needs('shopifyApp', name)),
      );
      expect([config.discloseUrl, config.archiveLogUrl]).toEqual([
        name === 'support' ? 'https://inside.run.app' : undefined,
        name === 'audit' ? 'https://inside.run.app' : undefined,
      ]);
      const { project, template } = services.get(name) ?? {};
      const own = name.startsWith('offsite-') ? 'acme-hub-offsite' : 'acme-hub';
      expect([project, template?.service_account]).toEqual([
        own,
        `strongroom-${name}@${own}.iam.gserviceaccount.com`,
      ]);
    },
  );

  it('of a hub without Shopify and Stripe starts without them', () => {
    const { shopifyClientId: _shopify, stripe: _stripe, ...few } = SETTINGS;
    const lean = plans(few);
    expect(JSON.stringify(lean)).not.toMatch(/SHOPIFY|STRIPE_/);
    expect(all(lean.base, 'google_secret_manager_secret').map(([name]) => name)).toEqual([
      'strongroom-smtp-url',
    ]);
  });
});

describe('each command that people run', () => {
  it.each(Object.entries(commandsOf(Settings.parse(SETTINGS))))('%s finds what it needs', (_name, lines) => {
    const env = parseEnv(lines) as Record<string, string>;
    expect(readConfig(env)).toMatchObject({ production: true, baseUrl: 'https://hub.example.com' });
  });

  it('restore knows every bucket that it may read', () => {
    const { backupBuckets, rootsBucket } = readConfig(
      parseEnv(commandsOf(Settings.parse(SETTINGS))['restore'] ?? ''),
    );
    expect([rootsBucket, backupBuckets]).toEqual([
      'acme-hub-roots',
      {
        backups: 'acme-hub-backups',
        keyringBackups: 'acme-hub-keyring-backups',
        offsiteBackups: 'acme-hub-offsite-backups',
        offsiteKeyringBackups: 'acme-hub-offsite-keyring-backups',
        offsiteLogs: undefined,
      },
    ]);
  });
});

describe('calls', () => {
  it('come as who may make them, for the address that they go to', () => {
    const invokers = new Map(
      all<{ member: string }>(serve, 'google_cloud_run_v2_service_iam_member').map(([label, { member }]) => [
        label,
        member.replace('serviceAccount:', ''),
      ]),
    );
    const pushes = new Map(all<{ push_config: Push }>(serve, 'google_pubsub_subscription'));
    for (const { name, to, path } of SUBSCRIPTIONS) {
      const { push_endpoint: endpoint, oidc_token: token } = pushes.get(name)?.push_config ?? {};
      const uri = `\${google_cloud_run_v2_service.${to}.uri}`;
      expect([endpoint, token?.audience], name).toEqual([`${uri}${path === '/' ? '' : path}`, uri]);
      expect(token?.service_account_email, name).toBe(invokers.get(`pusher-${to}`));
    }
    const jobs = new Map(all<Job>(serve, 'google_cloud_scheduler_job'));
    for (const { name, to } of SCHEDULES) {
      const job = jobs.get(name);
      expect(job?.http_target.oidc_token.service_account_email, name).toBe(invokers.get(`scheduler-${to}`));
      expect(job?.project, name).toBe(services.get(to)?.project);
    }
    expect([pushes.size, jobs.size]).toEqual([SUBSCRIPTIONS.length, SCHEDULES.length]);
  });

  it.each([
    [1, '* * * * *'],
    [5, '*/5 * * * *'],
    [15, '*/15 * * * *'],
    [60, '0 * * * *'],
    [360, '0 */6 * * *'],
    [1440, '0 0 * * *'],
  ])('every %i minutes are %j', (minutes, cron) => {
    expect(cronOf(minutes)).toBe(cron);
  });

  it.each([7, 90, 7 * 60])('every %i minutes are in no schedule', (minutes) => {
    expect(() => cronOf(minutes)).toThrow('no schedule');
  });
});

interface Push {
  push_endpoint: string;
  oidc_token: { audience: string; service_account_email: string };
}
interface Job {
  project: string;
  http_target: { oidc_token: { service_account_email: string } };
}
interface Rule {
  priority: number;
  service: string;
  match_rules: { full_path_match?: string; prefix_match?: string; path_template_match?: string }[];
}

describe('the load balancer', () => {
  const maps = new Map(
    all<{ path_matcher: [{ default_service: string; route_rules: Rule[] }] }>(
      serve,
      'google_compute_url_map',
    ),
  );
  const [matcher] = maps.get('strongroom')?.path_matcher ?? [];

  /** What the load balancer does with a path, by its documentation: the rule of the lowest number that matches. */
  function balanced(path: string): string {
    const rule = [...(matcher?.route_rules ?? [])]
      .sort((one, other) => one.priority - other.priority)
      .find(({ match_rules: matches }) =>
        matches.some(
          ({ full_path_match: full, prefix_match: prefix, path_template_match: template }) =>
            path === full ||
            (prefix !== undefined && path.startsWith(prefix)) ||
            (template !== undefined &&
              new RegExp(`^${template.replaceAll('.', '\\.').replaceAll('*', '[^/]+')}$`).test(path)),
        ),
      );
    return /service\.(.+)\.id/.exec(rule?.service ?? matcher?.default_service ?? '')?.[1] ?? '';
  }

  it('routes as the hub on one machine does', () => {
    const route = readRoutes();
    const paths = readRewrites().flatMap(({ source }) => {
      const plain = source.replace('{,/**}', '').replace(/\*+/g, 'x');
      return [plain, `${plain}/`, `${plain}/x`, `${plain}/x/catalogue`, `${plain}x`];
    });
    expect(paths.length).toBeGreaterThan(150);
    for (const path of [...paths, '/', '/v1', '/v1/partners/x/catalogue', '/webhooks/stripe/connect']) {
      // What no route names is answered as not found.
      expect([path, balanced(path)]).toEqual([path, route(path) ?? 'trust']);
    }
  });

  it.each(['/a*b', '/**/x', '/{a,b}', '/x/**y'])('has no match for %s', (glob) => {
    expect(() => matchesOf(glob)).toThrow('no match');
  });
});

describe('a plan', () => {
  it('refers to nothing but what is in it', () => {
    for (const [name, plan] of Object.entries({ base, serve })) {
      expect([name, danglingIn(plan)]).toEqual([name, []]);
    }
  });
});

function danglingIn(plan: PlanJson): string[] {
  const there = (kind: 'resource' | 'data', type: string, label: string) =>
    plan[kind]?.[type]?.[label] !== undefined;
  const text = JSON.stringify(plan);
  const dependencies = [...text.matchAll(/"depends_on":\[([^\]]+)\]/g)].flatMap(([, list = '']) =>
    list.split(',').map((each) => each.replaceAll('"', '')),
  );
  const references = [...text.matchAll(/\$\{([^}]+)\}/g)].map(([, each = '']) => each);
  return [...dependencies, ...references].filter((each) => {
    const [first = '', second = '', third = ''] = each.split('.');
    if (first === 'var') return plan.variable?.[second] === undefined;
    return first === 'data' ? !there('data', second, third) : !there('resource', first, second);
  });
}
