import { constants, inflateRawSync, inflateSync } from 'node:zlib';

const DEEPEST = 3;
const LARGEST = 64 * 1024 * 1024;
/** RFC 1952: the magic number and the only method there is. */
const GZIP = Buffer.from([0x1f, 0x8b, 0x08]);
/** RFC 1950, with the window that everybody takes, and the four levels. */
const ZLIB = [0x01, 0x5e, 0x9c, 0xda].map((level) => Buffer.from([0x78, level]));
/** Long enough for the shortest gzip stream. */
const BASE64 = /[A-Za-z0-9+/_-]{28,}/g;

/** The bytes, and whatever is compressed in them at any place, also in base64, down to three layers. */
export function* layersOf(bytes: Buffer, depth = DEEPEST): Generator<Buffer> {
  yield bytes;
  if (depth === 0) return;
  for (const inner of compressedIn(bytes)) yield* layersOf(inner, depth - 1);
  for (const run of bytes.toString('latin1').match(BASE64) ?? []) {
    for (const shift of [0, 1, 2, 3]) {
      const decoded = Buffer.from(run.slice(shift), 'base64');
      for (const inner of compressedIn(decoded)) yield* layersOf(inner, depth - 1);
    }
  }
}

function* compressedIn(bytes: Buffer): Generator<Buffer> {
  // What follows the stream, or is missing of it, does not matter.
  const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: LARGEST };
  for (const at of places(bytes, GZIP)) {
    // Not by gunzip, which refuses what is followed by something else.
    const inner = attempt(() => inflateRawSync(bytes.subarray(afterGzipHeader(bytes, at)), options));
    if (inner !== undefined) yield inner;
  }
  for (const head of ZLIB) {
    for (const at of places(bytes, head)) {
      const inner = attempt(() => inflateSync(bytes.subarray(at), options));
      if (inner !== undefined) yield inner;
    }
  }
}

/** RFC 1952, section 2.3: ten bytes, then what the flags in the fourth one announce. */
function afterGzipHeader(bytes: Buffer, start: number): number {
  const flags = bytes[start + 3] ?? 0;
  let at = start + 10;
  if ((flags & 0x04) !== 0) at += 2 + bytes.readUInt16LE(at);
  for (const text of [0x08, 0x10]) if ((flags & text) !== 0) at = bytes.indexOf(0, at) + 1;
  return (flags & 0x02) === 0 ? at : at + 2;
}

function* places(bytes: Buffer, head: Buffer): Generator<number> {
  for (let at = bytes.indexOf(head); at >= 0; at = bytes.indexOf(head, at + 1)) yield at;
}

/** Most places that begin like a stream are none. */
function attempt(inflate: () => Buffer): Buffer | undefined {
  try {
    const inner = inflate();
    return inner.length === 0 ? undefined : inner;
  } catch {
    return undefined;
  }
}
