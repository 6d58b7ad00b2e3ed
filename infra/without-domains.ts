import type { Plugin } from 'esbuild';
import { resolve } from 'node:path';

const NO_DOMAIN = resolve(import.meta.dirname, '..', 'shared', 'cloud', 'no-domain.cjs');

/** Bundles what stands in for `node:domain`; that file says why. */
export const withoutDomains: Plugin = {
  name: 'without-domains',
  setup(build) {
    build.onResolve({ filter: /^(?:node:)?domain$/ }, () => ({ path: NO_DOMAIN }));
  },
};
