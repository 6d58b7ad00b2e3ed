// @ts-check
/**
 * Checks the certificate of an erasure, or of a company's deletion, offline, with the public keys and nothing else of the
 * hub's: that it is signed, and that what it says holds together.
 */
import { createHash } from 'node:crypto';
import { compactVerify, decodeProtectedHeader, importJWK } from 'jose';

/**
 * @typedef {{ code: string, text: string }} Problem
 * @typedef {'erasure' | 'closing'} Kind of one erasure; of the deletion of a whole company
 * @typedef {{ kind: Kind, iss: string, iat: number, jti: string, sub: string, state: 'destroyed' | 'confirmed',
 *   orders: string[], views: string[], destroyed: string[], destroyedAt: string, horizon: string,
 *   notCovered: string[] }} Statement `orders`, `views` and `jti` of an erasure, `destroyed` of a closing
 */

/** @type {Readonly<Record<string, Kind>>} */
const KINDS = { 'strongroom-erasure+jwt': 'erasure', 'strongroom-closing+jwt': 'closing' };
const HOUR = 60 * 60_000;
const HASH = /^[0-9a-f]{64}$/;

/**
 * @param {{ certificate: string, jwks: any, orders?: string[], company?: string, earlier?: string }} input `orders`: ids
 *   that the certificate has to cover; `company`: the id of whose it has to be; `earlier`: the certificate of the same
 *   erasure or deletion from before its horizon
 * @returns {Promise<{ problems: Problem[], statement: Statement | undefined }>}
 */
export async function verifyErasure({ certificate, jwks, orders = [], company, earlier }) {
  /** @type {Problem[]} */
  const problems = [];
  const statement = await signedStatement(certificate, jwks, problems);
  if (statement === undefined) return { problems, statement };
  checkStatement(statement, problems);
  if (company !== undefined && company !== statement.sub) {
    problems.push({
      code: 'NOT_COVERED',
      text: `${company}: the certificate is of ${String(statement.sub)}.`,
    });
  }
  for (const id of orders) {
    const missing = whyNotCovered(id, statement);
    if (missing !== undefined) problems.push({ code: 'NOT_COVERED', text: `${id}: ${missing}.` });
  }
  if (earlier !== undefined) {
    const before = await signedStatement(earlier, jwks, problems);
    if (before !== undefined) compare(before, statement, problems);
  }
  return { problems, statement };
}

/**
 * @param {string} orderId
 * @param {Statement} statement
 */
function whyNotCovered(orderId, { kind, orders, views }) {
  if (kind === 'closing') return 'the certificate is of all that its company had, and names no order';
  const hash = createHash('sha256').update(orderId).digest('hex');
  if (orders?.includes(hash)) return undefined;
  return views?.includes(hash)
    ? 'only what one company could open of it was taken away'
    : 'it is not in the certificate';
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
    const kind = Object.hasOwn(KINDS, String(typ)) ? KINDS[String(typ)] : undefined;
    if (kind === undefined) {
      const wanted = Object.keys(KINDS).join(' or ');
      problems.push({ code: 'NOT_A_CERTIFICATE', text: `It is signed as ${String(typ)}, not as ${wanted}.` });
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
    return { ...JSON.parse(new TextDecoder().decode(payload)), kind };
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
  const { kind, iss, iat, sub, state, destroyedAt, horizon, notCovered } = statement;
  if (typeof iss !== 'string' || !/^cmp_[0-9a-z]{26}$/.test(sub)) {
    wrong('It does not say who issued it, and for which company.');
  }
  if (kind === 'erasure') checkCovered(statement, wrong);
  else if (!Array.isArray(statement.destroyed) || statement.destroyed.length === 0) {
    wrong('It does not say what was destroyed.');
  }
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
 * @param {Statement} statement
 * @param {(text: string) => void} wrong
 */
function checkCovered({ jti, orders, views }, wrong) {
  if (!/^era_[0-9a-z]{26}$/.test(jti)) wrong('It does not say of which erasure it is.');
  const lists = [orders, views];
  if (!lists.every((list) => Array.isArray(list) && list.every((hash) => HASH.test(hash)))) {
    wrong('It does not name orders by their hashes.');
  } else if (orders.length + views.length === 0) wrong('It covers no order.');
}

/**
 * @param {Statement} before
 * @param {Statement} after
 * @param {Problem[]} problems
 */
function compare(before, after, problems) {
  const same = (
    /** @type {Statement} */ { kind, jti, sub, orders, views, destroyed, destroyedAt, horizon },
  ) => JSON.stringify([kind, jti, sub, orders, views, destroyed, destroyedAt, horizon]);
  if (same(before) !== same(after)) {
    problems.push({
      code: 'NOT_THE_SAME',
      text: 'The earlier certificate is of another erasure or company, or said otherwise.',
    });
  }
}
