import { readRewrites } from '../../local/routes.ts';
import type { FunctionName } from '../../local/topology.ts';
import type { Block, Plan } from './plan.ts';
import { PUBLIC } from './services.ts';
import type { Settings } from './settings.ts';

/** Answers what no route names, with the same problem as everything else that is not there. */
const OTHERWISE: FunctionName = 'trust';

/**
 * The load balancer, which routes by `firebase.json`. Firebase Hosting itself would keep answers that are not found for ten
 * minutes, give up after 60 s and drop cookies.
 */
export function addEdge(plan: Plan, { project, region, domain }: Settings): void {
  const backend = (name: FunctionName) => `\${google_compute_backend_service.${name}.id}`;
  for (const name of PUBLIC) {
    const group = plan.resource('google_compute_region_network_endpoint_group', name, {
      ...{ project, region, name: `strongroom-${name}`, network_endpoint_type: 'SERVERLESS' },
      cloud_run: { service: `\${google_cloud_run_v2_service.${name}.name}` },
    })('id');
    plan.resource('google_compute_backend_service', name, {
      ...{ project, name: `strongroom-${name}`, protocol: 'HTTPS' },
      load_balancing_scheme: 'EXTERNAL_MANAGED',
      backend: [{ group }],
      // Its log has addresses and agents.
      log_config: { enable: false },
    });
  }
  const rules = readRewrites().map(({ source, to }, place) => ({
    priority: place + 1,
    match_rules: matchesOf(source),
    service: backend(to),
  }));
  const map = plan.resource('google_compute_url_map', 'strongroom', {
    ...{ project, name: 'strongroom', default_service: backend(OTHERWISE) },
    host_rule: [{ hosts: [domain], path_matcher: 'routes' }],
    path_matcher: [{ name: 'routes', default_service: backend(OTHERWISE), route_rules: rules }],
  })('id');
  const certificate = plan.resource('google_compute_managed_ssl_certificate', 'strongroom', {
    ...{
      project,
      name: `strongroom-${domain.replaceAll('.', '-')}`.slice(0, 63),
      managed: { domains: [domain] },
    },
  })('id');
  const policy = plan.resource('google_compute_ssl_policy', 'strongroom', {
    ...{ project, name: 'strongroom', profile: 'MODERN', min_tls_version: 'TLS_1_2' },
  })('id');
  const https = plan.resource('google_compute_target_https_proxy', 'strongroom', {
    ...{ project, name: 'strongroom', url_map: map, ssl_certificates: [certificate], ssl_policy: policy },
  })('id');
  const away = plan.resource('google_compute_url_map', 'plain', {
    ...{ project, name: 'strongroom-plain' },
    default_url_redirect: { https_redirect: true, strip_query: false },
  })('id');
  const http = plan.resource('google_compute_target_http_proxy', 'plain', {
    ...{ project, name: 'strongroom-plain', url_map: away },
  })('id');
  const address = plan.resource('google_compute_global_address', 'strongroom', {
    ...{ project, name: 'strongroom' },
  })('address');
  for (const [name, target, port] of [
    ['strongroom', https, '443'],
    ['plain', http, '80'],
  ] as const) {
    plan.resource('google_compute_global_forwarding_rule', name, {
      ...{ project, name: `strongroom-${port}`, target, port_range: port, ip_address: address },
      load_balancing_scheme: 'EXTERNAL_MANAGED',
    });
  }
}

/** A glob of Firebase Hosting's as the load balancer's matches: https://cloud.google.com/load-balancing/docs/url-map-concepts. */
export function matchesOf(glob: string): Block[] {
  const optional = /^([^*{}]+)\{,\/\*\*\}$/.exec(glob)?.[1];
  if (optional !== undefined) return [{ full_path_match: optional }, { prefix_match: `${optional}/` }];
  const below = /^([^*{}]+\/)\*\*$/.exec(glob)?.[1];
  if (below !== undefined) return [{ prefix_match: below }];
  if (!/[*{}]/.test(glob)) return [{ full_path_match: glob }];
  if (/^(?:[^*{}]|(?<=\/)\*(?=\/|$))+$/.test(glob)) return [{ path_template_match: glob }];
  throw new Error(`the load balancer has no match for ${glob}`);
}
