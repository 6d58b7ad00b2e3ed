// @ts-check
/** Entries, leaves and heads in the form that is hashed, and in words. */
import { leafHash, sha256 } from './merkle.mjs';

/** @param {any} entry */
export function leafOf(entry) {
  return leafHash(Buffer.from(canonical(entry), 'utf8')).toString('base64url');
}

/**
 * RFC 8785 of an entry with `"v":1`, as far as entries go: strings, integers, booleans, null, and objects of these.
 *
 * @param {any} entry
 */
export function canonical(entry) {
  return sorted({ ...entry, v: 1 });
}

/**
 * @param {any} value
 * @returns {string}
 */
export function sorted(value) {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${sorted(member)}`).join(',')}}`;
}

/**
 * @param {number} size
 * @param {string} root
 */
export function headHash(size, root) {
  const head = Buffer.alloc(9);
  head.writeUInt8(2);
  head.writeBigUInt64BE(BigInt(size), 1);
  return sha256(head, bytes(root));
}

/** @param {any} text */
export function bytes(text) {
  return Buffer.from(String(text), 'base64url');
}

/**
 * @param {any} entry
 * @param {number} at
 */
export function nameOf(entry, at) {
  return `Entry ${at} (${String(entry?.id)}, ${String(entry?.action)}, ${String(entry?.at)})`;
}

/**
 * @param {any} before
 * @param {any} now
 */
export function changes(before, now) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return names.filter((name) => sorted(before[name] ?? null) !== sorted(now[name] ?? null)).join(', ');
}

/** @param {string} text */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
