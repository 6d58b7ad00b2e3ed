#!/usr/bin/env node
// @ts-check
/**
 * `npx strongroom-verify`: checks a log that a merchant has fetched, offline.
 *
 * Ends with 0 when everything holds, with 1 when something does not, with 2 when it could not be run.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parsed, printable } from './canonical.mjs';
import { verifyLog } from './verify.mjs';

/** Bytes. */
const LONGEST_PROBLEM = 100_000;
const USAGE = `
Checks your log, offline, with the public keys and nothing else of the hub's.

  npx strongroom-verify BUNDLE --keys JWKS [--earlier BUNDLE]… [--root FILE]… [--proof FILE]… [--receipts FILE]…

  BUNDLE            what GET /v1/audit/bundle answered
  --keys JWKS       what GET /.well-known/jwks.json answered, kept from a day on which you trusted it
  --earlier BUNDLE  a bundle that you have kept: what was in it has to be in this one, unchanged
  --root FILE       a signed root that you or somebody else has kept (GET /v1/roots): one on each line
  --proof FILE      what GET /v1/audit/{id}/proof or GET /v1/audit/checkpoints/{n}/consistency answered
  --receipts FILE   headers that you got with your answers, one on each line: Audit-Entry: aud_…; leaf=…
`;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      keys: { type: 'string' },
      earlier: { type: 'string', multiple: true },
      root: { type: 'string', multiple: true },
      proof: { type: 'string', multiple: true },
      receipts: { type: 'string', multiple: true },
      help: { type: 'boolean', default: false },
    },
  });
  const { earlier = [], root = [], proof = [], receipts: receiptFiles = [] } = values;
  const [bundle, ...more] = positionals;
  if (values.help || bundle === undefined || values.keys === undefined || more.length > 0) {
    console.log(USAGE.trim());
    return values.help ? 0 : 2;
  }
  const log = readFileSync(bundle);
  const refusal = refusalIn(log);
  if (refusal !== undefined) {
    console.error(`${bundle} is no log, but what was answered instead of one: ${refusal}`);
    return 2;
  }
  const result = await verifyLog({
    bundle: log,
    jwks: parsed(read(values.keys)),
    earlier: earlier.map((file) => readFileSync(file)),
    roots: root.flatMap((file) => linesOf(read(file)).map(rootIn)),
    proofs: proof.map((file) => parsed(read(file))),
    receipts: receiptFiles.flatMap((file) => linesOf(read(file))),
  });
  const { problems, notices, companyId, entries, unsealed, checkpoints, receipts, until } = result;
  for (const { code, text } of [...notices, ...problems]) console.log(`${code}  ${text}`);
  const counted = `${entries} entries of ${companyId}, ${checkpoints} signed roots, ${receipts} receipts`;
  if (problems.length === 0) {
    const waiting = unsealed === 0 ? '' : ` ${unsealed} later entries are not under a root yet.`;
    const what = notices.length === 0 ? 'Everything' : 'Everything else';
    console.log(`${what} holds: ${counted}, up to ${until}.${waiting}`);
    return 0;
  }
  console.log(`\n${problems.length} of what was checked does not hold: ${counted}.`);
  return 1;
}

/** @param {string} file */
function read(file) {
  return readFileSync(file, 'utf8');
}

/**
 * What the hub said instead of handing out a bundle (RFC 9457), in its words.
 *
 * @param {Buffer} content
 * @returns {string | undefined}
 */
function refusalIn(content) {
  // A bundle is more than one line of JSON, and a problem is short.
  const answer = content.length > LONGEST_PROBLEM ? undefined : parsed(content.toString('utf8'));
  if (answer?.status === undefined) return undefined;
  const { code, title, detail } = answer;
  return printable(`${String(code)}, ${String(detail ?? title)}`);
}

/** @param {string} text */
function linesOf(text) {
  return text.split('\n').filter((line) => line.trim() !== '');
}

/**
 * As the API answers it, or the JWS alone.
 *
 * @param {string} line
 */
function rootIn(line) {
  if (!line.trimStart().startsWith('{')) return line.trim();
  const root = parsed(line)?.root;
  if (typeof root !== 'string') throw new Error(`This is no signed root: ${printable(line.slice(0, 80))}`);
  return root;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(error instanceof Error ? error.message : 'The log could not be checked.');
    process.exitCode = 2;
  },
);
