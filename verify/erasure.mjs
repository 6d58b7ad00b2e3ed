// @ts-check
/**
 * Checks the certificate of an erasure, or of a company's deletion, offline, with the public keys and nothing else of the
 * hub's: that it is signed, and that what it says holds together.
 */
import { createHash } from 'node:crypto';
import { compactVerify, decodeProtectedHeader, importJWK } from 'jose';
import { printable, word } from './canonical.mjs';
import { isCount, isObject, isText, isTime, keysOf, strictly } from './shapes.mjs';

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
  const keys = keysOf(jwks);
  const statement = await signedStatement(certificate, keys, problems);
  if (statement !== undefined) {
    checkStatement(statement, problems);
    checkCovers(statement, { orders, company }, problems);
    const before = earlier === undefined ? undefined : await signedStatement(earlier, keys, problems);
    if (before !== undefined) compare(before, statement, problems);
  }
  return { problems: problems.map(({ code, text }) => ({ code, text: printable(text) })), statement };
}

/**
 * @param {Statement} statement
 * @param {{ orders: string[], company: string | undefined }} wanted
 * @param {Problem[]} problems
 */
function checkCovers(statement, { orders, company }, problems) {
  if (company !== undefined && company !== statement.sub) {
    problems.push({ code: 'NOT_COVERED', text: `${company}: the certificate is of ${word(statement.sub)}.` });
  }
  for (const id of orders) {
    const missing = whyNotCovered(id, statement);
    if (missing !== undefined) problems.push({ code: 'NOT_COVERED', text: `${id}: ${missing}.` });
  }
}

/**
 * @param {string} orderId
 * @param {Statement} statement
 */
function whyNotCovered(orderId, { kind, orders, views }) {
  if (kind === 'closing') return 'the certificate is of all that its company had, and names no order';
  const hash = createHash('sha256').update(orderId).digest('hex');
  if (areHashes(orders) && orders.includes(hash)) return undefined;
  return areHashes(views) && views.includes(hash)
    ? 'only what one company could open of it was taken away'
    : 'it is not in the certificate';
}

/**
 * @param {string} certificate
 * @param {any[]} keys
 * @param {Problem[]} problems
 * @returns {Promise<Statement | undefined>}
 */
async function signedStatement(certificate, keys, problems) {
  try {
    const { kid, alg, typ } = decodeProtectedHeader(certificate.trim());
    const kind = Object.hasOwn(KINDS, String(typ)) ? KINDS[String(typ)] : undefined;
    if (kind === undefined) {
      const wanted = Object.keys(KINDS).join(' or ');
      problems.push({ code: 'NOT_A_CERTIFICATE', text: `It is signed as ${String(typ)}, not as ${wanted}.` });
      return undefined;
    }
    const jwk = keys.find((key) => key.kid === kid);
    if (jwk === undefined || alg !== 'ES256') {
      problems.push({
        code: 'UNKNOWN_KEY',
        text: `It is signed by a key that is not among yours: ${String(kid)}.`,
      });
      return undefined;
    }
    const key = await importJWK(jwk, 'ES256');
    const { payload } = await compactVerify(certificate.trim(), key, { algorithms: ['ES256'] });
    const said = strictly(new TextDecoder().decode(payload));
    if (isObject(said)) return /** @type {Statement} */ ({ ...said, kind });
    problems.push({ code: 'NOT_A_CERTIFICATE', text: 'What is signed is not JSON as the hub writes it.' });
    return undefined;
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
  if (!isText(iss) || !isText(sub) || !/^cmp_[0-9a-z]{26}$/.test(sub)) {
    wrong('It does not say who issued it, and for which company.');
  }
  if (kind === 'erasure') checkCovered(statement, wrong);
  else if (!areTexts(statement.destroyed)) {
    wrong('It does not say what was destroyed.');
  }
  if (!isTime(destroyedAt) || !isTime(horizon) || !isCount(iat)) {
    wrong('It does not say when.');
    return;
  }
  const [destroyed, ends, issued] = [Date.parse(destroyedAt), Date.parse(horizon), iat * 1000];
  if (ends < destroyed + HOUR) wrong('Its horizon is earlier than the database can be read back.');
  // Whole seconds.
  if (issued < destroyed - 1000) wrong('It was issued before the keys were destroyed.');
  if (state === 'confirmed' && issued < ends - 1000) wrong('It is confirmed before its horizon.');
  if (state !== 'confirmed' && state !== 'destroyed') wrong('It does not say in which state the erasure is.');
  if (!areTexts(notCovered)) wrong('It does not say what it can not cover.');
}

/**
 * @param {Statement} statement
 * @param {(text: string) => void} wrong
 */
function checkCovered({ jti, orders, views }, wrong) {
  if (!isText(jti) || !/^era_[0-9a-z]{26}$/.test(jti)) wrong('It does not say of which erasure it is.');
  if (![orders, views].every(areHashes)) {
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

/** @param {unknown} list */
function areHashes(list) {
  return Array.isArray(list) && list.every((hash) => isText(hash) && HASH.test(hash));
}

/** @param {unknown} list */
function areTexts(list) {
  return Array.isArray(list) && list.length > 0 && list.every(isText);
}
