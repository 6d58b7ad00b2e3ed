import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Piece } from './finder.ts';

/** The log format of LevelDB, in which exports are written: blocks of 32 KiB, records of seven bytes and their data. */
const BLOCK = 32 * 1024;
const HEADER = 7;
const LAST_TYPE = 4;

/**
 * The data of a log without the headers of its records. One that does not fit its block is split, so that a header
 * can stand in the midst of a value.
 */
export function withoutHeaders(log: Buffer): Buffer {
  const data: Buffer[] = [];
  for (let block = 0; block < log.length; block += BLOCK) {
    const end = Math.min(block + BLOCK, log.length);
    for (let at = block; at + HEADER <= end;) {
      const length = log.readUInt16LE(at + 4);
      const type = log[at + 6] ?? 0;
      // The rest of a block is filled with zeros.
      if (type === 0 && length === 0) break;
      if (type > LAST_TYPE || at + HEADER + length > end) throw new Error(`no record of a log at ${at}`);
      data.push(log.subarray(at + HEADER, at + HEADER + length));
      at += HEADER + length;
    }
  }
  return Buffer.concat(data);
}

/** Every file below a folder, and its name; what an export has written also without the headers of its records. */
export function filesBelow(folder: string): Piece[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      const name = relative(folder, path);
      const bytes = readFileSync(path);
      const pieces: Piece[] = [
        { place: name, bytes },
        { place: `the name of ${name}`, bytes: Buffer.from(name) },
      ];
      if (entry.name.startsWith('output-')) {
        pieces.push({ place: `${name}, joined`, bytes: withoutHeaders(bytes) });
      }
      return pieces;
    });
}
