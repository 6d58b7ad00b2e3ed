import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KeyFile } from './key-state.ts';

/** Where the keys lie inside a data folder. */
export function keyFilePath(dataDir: string): string {
  return join(dataDir, 'kms', 'keys.json');
}

/** The keys of an earlier run, or none when there was none. */
export function readKeyFile(path: string): KeyFile {
  // A run that was killed while writing leaves a copy behind; key material must not outlive its version in it.
  rmSync(unfinished(path), { force: true });
  if (!existsSync(path)) return { format: 1, keyRings: [], cryptoKeys: [] };
  try {
    return KeyFile.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new Error(`The keys in ${path} can not be read: the file is damaged or of another version.`, {
      cause,
    });
  }
}

/** Either the whole of the new keys is on disk afterwards or the whole of the old ones. */
export function writeKeyFile(path: string, keys: KeyFile): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(unfinished(path), JSON.stringify(keys), { mode: 0o600, flush: true });
  renameSync(unfinished(path), path);
}

function unfinished(path: string): string {
  return `${path}.new`;
}
