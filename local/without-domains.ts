/** Imported before what asks for `node:domain`, which then gets what stands in for it, as in a bundle. */
import { registerHooks } from 'node:module';

const NO_DOMAIN = new URL('../shared/cloud/no-domain.cjs', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'domain' || specifier === 'node:domain'
      ? { url: NO_DOMAIN, format: 'commonjs', shortCircuit: true }
      : next(specifier, context),
});
