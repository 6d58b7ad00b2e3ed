// @ts-check
/**
 * Checks the certificate of an erasure, offline, with the public keys and nothing else of the hub's: that it is signed, and
 * that what it says holds together.
 */
import { createHash } from 'node:crypto';
import { compactVerify, decodeProtectedHeader, importJWK } from 'jose';

/**
 * @typedef {{ code: string, text: string }} Problem
 * @typedef {{ iss: string, iat: number, jti: string, sub: string, state: 'destroyed' | 'confirmed', orders: string[],
 *   views: string[], destroyedAt: string, horizon: string, notCovered: string[] }} Statement
 */

const TYP = 'strongroom-erasure+jwt';
const HOUR = 60 * 60_000;
const HASH = /^[0-9a-f]{64}$/;

/**
 * @param {{ certificate: string, jwks: any, orders?: string[], earlier?: string }} input `orders`: ids that the
 *   certificate has to cover; `earlier`: the certificate of the same erasure from before its horizon
 * @returns {Promise<{ problems: Problem[], statement: Statement | undefined }>}
 */
export async function verifyErasure({ certificate, jwks, orders = [], earlier }) {
  /** @type {Problem[]} */
  const problems = [];
  const statement = await signedStatement(certificate, jwks, problems);
  if (statement === undefined) return { problems, statement };
  checkStatement(statement, problems);
  for (const id of orders) {
    const hash = createHash('sha256').update(id).digest('hex');
    if (statement.orders?.includes(hash)) continue;
    const seen = statement.views?.includes(hash)
      ? 'only what one company could open of it was taken away'
      : 'it is not in the certificate';
    problems.push({ code: 'NOT_COVERED', text: `${id}: ${seen}.` });
  }
  if (earlier !== undefined) {
    const before = await signedStatement(earlier, jwks, problems);
    if (before !== undefined) compare(before, statement, problems);
  }
  return { problems, statement };
}

/**
 * @param {string} certificate
 * @param {any} jwks
 * @param {Problem[]} problems
 * @returns {Promise<Statement | undefined>}
 */
async function signedStatement(certificate, jwks, problems) {
  try {
    const { kid, alg, typ } = decodeProtectedHeader(certificate.trim());
    if (typ !== TYP) {
      problems.push({ code: 'NOT_A_CERTIFICATE', text: `It is signed as ${String(typ)}, not as ${TYP}.` });
      return undefined;
    }
    const jwk = (jwks.keys ?? []).find((/** @type {any} */ key) => key.kid === kid);
    if (jwk === undefined || alg !== 'ES256') {
      problems.push({
        code: 'UNKNOWN_KEY',
        text: `It is signed by a key that is not among yours: ${String(kid)}.`,
      });
      return undefined;
    }
    const key = await importJWK(jwk, 'ES256');
    const { payload } = await compactVerify(certificate.trim(), key, { algorithms: ['ES256'] });
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    problems.push({
      code: 'NOT_SIGNED',
      text: 'The signature does not hold, or it is no certificate at all.',
    });
    return undefined;
  }
}

/**
 * @param {Statement} statement
 * @param {Problem[]} problems
 */
function checkStatement(statement, problems) {
  const wrong = (/** @type {string} */ text) => problems.push({ code: 'NOT_CONSISTENT', text });
  const { iss, iat, jti, sub, state, orders, views, destroyedAt, horizon, notCovered } = statement;
  if (typeof iss !== 'string' || !/^era_[0-9a-z]{26}$/.test(jti) || !/^cmp_[0-9a-z]{26}$/.test(sub)) {
    wrong('It does not say who issued it, for which company and which erasure.');
  }
  const lists = [orders, views];
  if (!lists.every((list) => Array.isArray(list) && list.every((hash) => HASH.test(hash)))) {
    wrong('It does not name orders by their hashes.');
  } else if (orders.length + views.length === 0) wrong('It covers no order.');
  const [destroyed, ends, issued] = [Date.parse(destroyedAt), Date.parse(horizon), iat * 1000];
  if (![destroyed, ends, issued].every(Number.isFinite)) {
    wrong('It does not say when.');
    return;
  }
  if (ends < destroyed + HOUR) wrong('Its horizon is earlier than the database can be read back.');
  // Whole seconds.
  if (issued < destroyed - 1000) wrong('It was issued before the keys were destroyed.');
  if (state === 'confirmed' && issued < ends - 1000) wrong('It is confirmed before its horizon.');
  if (state !== 'confirmed' && state !== 'destroyed') wrong('It does not say in which state the erasure is.');
  if (!Array.isArray(notCovered) || notCovered.length === 0) wrong('It does not say what it can not cover.');
}

/**
 * @param {Statement} before
 * @param {Statement} after
 * @param {Problem[]} problems
 */
function compare(before, after, problems) {
  const same = (/** @type {Statement} */ { jti, sub, orders, views, destroyedAt, horizon }) =>
    JSON.stringify([jti, sub, orders, views, destroyedAt, horizon]);
  if (same(before) !== same(after)) {
    problems.push({
      code: 'NOT_THE_SAME',
      text: 'The earlier certificate is of another erasure, or said otherwise.',
    });
  }
}
