import { createHash } from 'node:crypto';
import { EMPTY_ROOT, HASH_BYTES, hashLeaf, inclusionRuns, rootOf } from '../crypto/merkle.ts';
import { split } from '../crypto/merkle-tiles.ts';

/**
 * The tree over all companies: 65 536 buckets, found by the first 16 bits of a company's hashed id. A bucket is a tree
 * of its own over the companies in it, sorted by hashed id; above the buckets the tree is a complete one. So a company
 * that is new or changed touches its bucket and 16 hashes, however many others there are.
 *
 * It is stored as `rootTree/top`, 256 hashes of groups, as `rootTree/{2 hex}`, 256 hashes of buckets each, and as
 * `rootTree/{4 hex}`, the bucket: pairs of 64 bytes.
 */
const GROUPS = 256;
const PAIR_BYTES = 2 * HASH_BYTES;

/** What a company is called in public. Ids have 128 random bits, so nobody finds one by its hash. */
export function hashedCompany(companyId: string): Buffer {
  return createHash('sha256').update(`company/${companyId}`).digest();
}

/** SHA-256(0x02 ‖ size in 8 bytes ‖ root): what the public sees of a head. Only who knows the root can try sizes. */
export function headHash({ size, root }: { size: number; root: string }): Buffer {
  const head = Buffer.alloc(9);
  head.writeUInt8(2);
  head.writeBigUInt64BE(BigInt(size), 1);
  return createHash('sha256').update(head).update(Buffer.from(root, 'base64url')).digest();
}

/** The pair that stands for a company: its hashed id and the hash of its head. */
export function pairOf(companyId: string, head: { size: number; root: string }): Buffer {
  return Buffer.concat([hashedCompany(companyId), headHash(head)]);
}

/** Names of the documents that a pair lies in and below. */
export function namesOf(pair: Buffer): { group: string; bucket: string } {
  return { group: pair.toString('hex', 0, 1), bucket: pair.toString('hex', 0, 2) };
}

/** What is stored of the tree, as far as some pairs touch it: by name, a part that is not there being empty. */
export type Parts = ReadonlyMap<string, Buffer>;

/** The names of what has to be read to change these pairs. */
export function partsFor(pairs: readonly Buffer[]): string[] {
  return [
    ...new Set([
      'top',
      ...pairs.flatMap((pair) => {
        const { group, bucket } = namesOf(pair);
        return [group, bucket];
      }),
    ]),
  ];
}

/** Puts pairs into the tree. Answers the parts that are changed, how many companies are new, and the root. */
export function withPairs(
  parts: Parts,
  pairs: readonly Buffer[],
): { parts: Map<string, Buffer>; added: number; root: Buffer } {
  const changed = new Map<string, Buffer>();
  const part = (name: string, otherwise: Buffer): Buffer => {
    const own = changed.get(name) ?? Buffer.from(parts.get(name) ?? otherwise);
    changed.set(name, own);
    return own;
  };
  const top = part('top', EMPTY_TOP);
  const groups = new Set<string>();
  let added = 0;
  for (const pair of pairs) {
    const { group, bucket } = namesOf(pair);
    const before = split64(part(bucket, Buffer.alloc(0)));
    const others = before.filter((each) => compareIds(each, pair) !== 0);
    if (others.length === before.length) added += 1;
    changed.set(bucket, Buffer.concat([...others, pair].sort(compareIds)));
    groups.add(group);
  }
  for (const name of changed.keys()) {
    if (name.length !== 4) continue;
    const root = bucketRoot(changed.get(name) ?? Buffer.alloc(0));
    root.copy(part(name.slice(0, 2), EMPTY_GROUP), Number.parseInt(name.slice(2), 16) * HASH_BYTES);
  }
  for (const group of groups) {
    rootOf(split(part(group, EMPTY_GROUP))).copy(top, Number.parseInt(group, 16) * HASH_BYTES);
  }
  return { parts: changed, added, root: rootOf(split(top)) };
}

/** What shows a company under the root: its bucket whole, and 16 hashes from the bucket up. */
export function proofOf(parts: Parts, companyId: string): { bucket: Buffer; path: Buffer } {
  const hashed = hashedCompany(companyId);
  const { group, bucket } = namesOf(hashed);
  const within = pathIn(parts.get(group) ?? EMPTY_GROUP, hashed.readUInt8(1));
  const above = pathIn(parts.get('top') ?? EMPTY_TOP, hashed.readUInt8(0));
  return { bucket: parts.get(bucket) ?? Buffer.alloc(0), path: Buffer.concat([...within, ...above]) };
}

/** The pairs that lie one after another. */
export function split64(pairs: Buffer): Buffer[] {
  const each: Buffer[] = [];
  for (let at = 0; at < pairs.length; at += PAIR_BYTES) each.push(pairs.subarray(at, at + PAIR_BYTES));
  return each;
}

function bucketRoot(bucket: Buffer): Buffer {
  return rootOf(split64(bucket).map(hashLeaf));
}

function pathIn(hashes: Buffer, index: number): Buffer[] {
  const all = split(hashes);
  return inclusionRuns(index, GROUPS).map(({ start, end }) => rootOf(all.slice(start, end)));
}

function compareIds(one: Buffer, other: Buffer): number {
  return one.compare(other, 0, HASH_BYTES, 0, HASH_BYTES);
}

const EMPTY_GROUP = Buffer.concat(Array.from({ length: GROUPS }, () => EMPTY_ROOT));
const EMPTY_TOP = Buffer.concat(Array.from({ length: GROUPS }, () => rootOf(split(EMPTY_GROUP))));
