import type { Clock } from '../../shared/domain/time.ts';
import { readKeyFile, writeKeyFile } from './key-file.ts';
import type { CryptoKey, KeyRing, KeyVersion } from './key-state.ts';
import { atTime } from './lifecycle.ts';
import { type VersionName, versionName } from './names.ts';
import { notFound } from './refusal.ts';

/**
 * Key rings and crypto keys by their full names. Records are never changed, only replaced, and a replacement counts
 * once it is on disk: a write that fails leaves memory and disk as they were.
 */
export class KeyStore {
  readonly now: Clock;
  readonly #file: string | undefined;
  #keyRings: ReadonlyMap<string, KeyRing>;
  #cryptoKeys: ReadonlyMap<string, CryptoKey>;

  /** Without a file the keys live in memory only. */
  constructor(options: { file: string | undefined; now: Clock }) {
    this.now = options.now;
    this.#file = options.file;
    const { keyRings, cryptoKeys } =
      options.file === undefined ? { keyRings: [], cryptoKeys: [] } : readKeyFile(options.file);
    this.#keyRings = new Map(keyRings.map((ring) => [ring.name, ring]));
    this.#cryptoKeys = new Map(cryptoKeys.map((key) => [key.name, key]));
  }

  /** Lets everything happen that fell due: rotations, and destructions that were scheduled. */
  catchUp(): void {
    const now = this.now();
    const changed = [...this.#cryptoKeys.values()].flatMap((key) => {
      const later = atTime(key, now);
      return later === key ? [] : [later];
    });
    if (changed.length > 0) this.putCryptoKeys(...changed);
  }

  hasKeyRing(name: string): boolean {
    return this.#keyRings.has(name);
  }

  keyRing(name: string): KeyRing {
    const ring = this.#keyRings.get(name);
    if (ring === undefined) throw notFound('KeyRing');
    return ring;
  }

  /** The key rings of a location, by name. */
  keyRings(location: string): KeyRing[] {
    return inOrder(this.#keyRings, `${location}/keyRings/`);
  }

  putKeyRing(ring: KeyRing): void {
    this.#save(new Map(this.#keyRings).set(ring.name, ring), this.#cryptoKeys);
  }

  hasCryptoKey(name: string): boolean {
    return this.#cryptoKeys.has(name);
  }

  cryptoKey(name: string): CryptoKey {
    const key = this.#cryptoKeys.get(name);
    if (key === undefined) throw notFound('CryptoKey');
    return key;
  }

  /** The crypto keys of a key ring, by name. */
  cryptoKeys(keyRing: string): CryptoKey[] {
    return inOrder(this.#cryptoKeys, `${keyRing}/cryptoKeys/`);
  }

  putCryptoKeys(...keys: CryptoKey[]): void {
    const next = new Map(this.#cryptoKeys);
    for (const key of keys) next.set(key.name, key);
    this.#save(this.#keyRings, next);
  }

  version(name: VersionName): FoundVersion {
    const key = this.cryptoKey(name.cryptoKey);
    const version = key.versions[name.id - 1];
    if (version === undefined) throw notFound('CryptoKeyVersion');
    return { key, version, name: versionName(key.name, version.id) };
  }

  #save(keyRings: ReadonlyMap<string, KeyRing>, cryptoKeys: ReadonlyMap<string, CryptoKey>): void {
    if (this.#file !== undefined) {
      writeKeyFile(this.#file, {
        format: 1,
        keyRings: [...keyRings.values()],
        cryptoKeys: [...cryptoKeys.values()],
      });
    }
    this.#keyRings = keyRings;
    this.#cryptoKeys = cryptoKeys;
  }
}

/** A version with the key it belongs to and its full name. */
export interface FoundVersion {
  key: CryptoKey;
  version: KeyVersion;
  name: string;
}

function inOrder<Item extends { name: string }>(items: ReadonlyMap<string, Item>, prefix: string): Item[] {
  return [...items.values()]
    .filter((item) => item.name.startsWith(prefix))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}
