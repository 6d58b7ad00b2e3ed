#!/usr/bin/env node
// @ts-check
/**
 * `npm run verify-erasure`: checks the certificate of an erasure, or of a company's deletion, offline.
 *
 * Ends with 0 when everything holds, with 1 when something does not, with 2 when it could not be run.
 */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parsed, printable } from './canonical.mjs';
import { verifyErasure } from './erasure.mjs';

const USAGE = `
Checks the certificate of an erasure, or of a company's deletion, offline, with the public keys and nothing else of the
hub's.

  npm run verify-erasure -- CERTIFICATE --keys JWKS [--order ID]… [--company ID] [--earlier CERTIFICATE]

  CERTIFICATE     what GET /v1/erasures/{id} or POST /v1/companies/certificate answered as "certificate", or a file that
                  holds it or that whole answer
  --keys JWKS     a file of what GET /.well-known/jwks.json answered, kept from a day on which you trusted it
  --order ID      an order that the certificate has to cover
  --company ID    whose it has to be
  --earlier …     the certificate from before its horizon: this one has to say the same
`;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      keys: { type: 'string' },
      order: { type: 'string', multiple: true },
      company: { type: 'string' },
      earlier: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const [certificate, ...more] = positionals;
  if (values.help || certificate === undefined || values.keys === undefined || more.length > 0) {
    console.log(USAGE.trim());
    return values.help ? 0 : 2;
  }
  const { problems, statement } = await verifyErasure({
    certificate: certificateIn(certificate),
    jwks: parsed(readFileSync(values.keys, 'utf8')),
    orders: values.order ?? [],
    ...(values.company !== undefined && { company: values.company }),
    ...(values.earlier !== undefined && { earlier: certificateIn(values.earlier) }),
  });
  for (const { code, text } of problems) console.log(`${code}  ${text}`);
  if (problems.length > 0 || statement === undefined) return 1;
  const { iss, sub, kind, orders, views, destroyed, destroyedAt, horizon, state, notCovered } = statement;
  const [what, gone] =
    kind === 'erasure'
      ? [`${orders.length} orders and ${views.length} partners' views`, 'their keys were']
      : [`the company ${sub}`, `${destroyed.join(' and ')} were`];
  console.log(printable(`Everything holds. ${iss} says of ${what}:`));
  console.log(printable(`  ${gone} destroyed at ${destroyedAt};`));
  console.log(
    state === 'confirmed'
      ? `  since ${horizon} no backup holds one, and that was looked at.`
      : `  backups hold them until ${horizon}. Another certificate comes after that.`,
  );
  console.log(printable(`  Not covered: ${notCovered.join(', ')}.`));
  return 0;
}

/** @param {string} given */
function certificateIn(given) {
  const text = existsSync(given) ? readFileSync(given, 'utf8') : given;
  return text.trimStart().startsWith('{') ? String(parsed(text)?.certificate) : text;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(error instanceof Error ? error.message : 'The certificate could not be checked.');
    process.exitCode = 2;
  },
);
