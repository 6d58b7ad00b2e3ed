import type { Plugin } from 'esbuild';

/**
 * functions-framework runs every request in a `node:domain`, whose hooks on each promise and callback cost a third
 * of a webhook's time, and whose first request keeps the connections that all share. In a bundle there are none.
 *
 * What a domain is for is an exception that nothing awaits. It answers 500 and lets an instance in an unknown state
 * go on; without one the framework's handler for the process answers 500 and ends the instance.
 */
export const withoutDomains: Plugin = {
  name: 'without-domains',
  setup(build) {
    build.onResolve({ filter: /^(?:node:)?domain$/ }, () => ({
      path: 'domain',
      namespace: 'without-domains',
    }));
    build.onLoad({ filter: /.*/, namespace: 'without-domains' }, () => ({
      contents: 'exports.create = () => ({ on() {}, run: (work) => work() });',
    }));
  },
};
