import { invalid } from './refusal.ts';

const ID = '[a-zA-Z0-9_-]{1,63}';
const LOCATION = 'projects/[^/]+/locations/[^/]+';
const KEY_RING = `${LOCATION}/keyRings/${ID}`;
const CRYPTO_KEY = `${KEY_RING}/cryptoKeys/${ID}`;

const PATTERNS = {
  location: new RegExp(`^${LOCATION}$`),
  keyRing: new RegExp(`^${KEY_RING}$`),
  cryptoKey: new RegExp(`^${CRYPTO_KEY}$`),
  version: new RegExp(`^(${CRYPTO_KEY})/cryptoKeyVersions/([1-9][0-9]{0,8})$`),
  id: new RegExp(`^${ID}$`),
};

/** A version by the crypto key it belongs to and its number, counted from 1. */
export interface VersionName {
  cryptoKey: string;
  id: number;
}

/** The name as it came, once it is known to be one of that kind; INVALID_ARGUMENT otherwise. */
export function checkedName(kind: 'location' | 'keyRing' | 'cryptoKey', name: string): string {
  if (!PATTERNS[kind].test(name)) throw invalid(`The name of the ${kind} is not valid.`);
  return name;
}

/** `{parent}/keyRings/{id}` or `{parent}/cryptoKeys/{id}`. */
export function childName(parent: string, collection: 'keyRings' | 'cryptoKeys', id: string): string {
  if (!PATTERNS.id.test(id)) throw invalid('An id has 1 to 63 letters, digits, dashes and underscores.');
  return `${parent}/${collection}/${id}`;
}

export function versionName(cryptoKey: string, id: number): string {
  return `${cryptoKey}/cryptoKeyVersions/${id}`;
}

/** Undefined when the name is not that of a version. */
export function parseVersionName(name: string): VersionName | undefined {
  const match = PATTERNS.version.exec(name);
  return match?.[1] === undefined ? undefined : { cryptoKey: match[1], id: Number(match[2]) };
}

export function checkedVersionName(name: string): VersionName {
  const parsed = parseVersionName(name);
  if (parsed === undefined) throw invalid('The name of the version is not valid.');
  return parsed;
}
