import type { Firestore, Transaction } from '@google-cloud/firestore';
import { z } from 'zod';
import { paths } from '../cloud/firestore.ts';
import { EMPTY_ROOT } from '../crypto/merkle.ts';
import { type Tile, type TileAt, tileName } from '../crypto/merkle-tiles.ts';

const Size = z.int().min(0);
const Root = z.string().regex(/^[\w-]{43}$/);
const Bytes = z.instanceof(Uint8Array).transform((bytes): Buffer => Buffer.from(bytes));

/** `companies/{c}/auditTree/head`: how large a company's tree is, and its root. */
export const StoredHead = z.object({
  companyId: z.string(),
  size: Size,
  root: Root,
  /** A slot while the head is not under a signed root. */
  due: z.int().optional(),
});
export type StoredHead = z.infer<typeof StoredHead>;

/** Beside the head and in `rootTree`: a tile, or a part of the tree over all companies. */
const StoredHashes = z.object({ hashes: Bytes });

/** `companies/{c}/auditHeads/{root}`: the company under a signed root in which it had changed. */
export const StoredProof = z.object({
  root: z.int().min(0),
  at: z.iso.datetime({ precision: 3 }),
  size: Size,
  head: Root,
  /** What is in the company's bucket: pairs of hashed company id and head hash, 64 bytes each, sorted. */
  bucket: Bytes,
  /** 16 hashes from the bucket to the root. */
  path: Bytes,
});
export type StoredProof = z.infer<typeof StoredProof>;

/** `rootTree/state`: the newest root. */
export const StoredState = z.object({
  root: z.int().min(0),
  at: z.iso.datetime({ precision: 3 }),
  companies: Size,
});
export type StoredState = z.infer<typeof StoredState>;

/** `roots/{n}`: what is signed, fixed before it is signed, so that there is never a second root of a number. */
export const StoredRoot = z.object({
  root: z.int().min(0),
  at: z.iso.datetime({ precision: 3 }),
  /** The JSON of the statement, byte for byte. */
  statement: z.string(),
  /** The pairs of all companies that had changed, 64 bytes each. */
  changed: Bytes,
  jws: z.string().nullable(),
  /** Whether it lies in the public bucket. */
  published: z.boolean(),
});
export type StoredRoot = z.infer<typeof StoredRoot>;

/** What a root says: all that a verifier needs to know of it. Base64url without padding. */
export const RootStatement = z.strictObject({
  iss: z.string(),
  iat: z.int(),
  /** The roots are numbered without a gap. */
  n: z.int().min(0),
  at: z.iso.datetime({ precision: 3 }),
  companies: Size,
  root: Root,
  /** The tree of all statements before this one. */
  history: z.strictObject({ size: Size, root: Root }),
  /** In a root that only says that all logs are again those of a backup, whose newest root was `from`. */
  restored: z
    .strictObject({
      backup: z.string(),
      snapshotTime: z.iso.datetime({ precision: 3 }),
      from: z.int().min(0).nullable(),
    })
    .optional(),
});
export type RootStatement = z.infer<typeof RootStatement>;

/** The type of a signed root, so that it is never taken for a certificate. */
export const ROOT_TYP = 'strongroom-root+jwt';

/** The type of one that says that the logs were restored: whoever knows only roots does not take it for growth. */
export const RESTORED_TYP = 'strongroom-restored+jwt';

/** `rootTree/restorations`: the roots which say so, and the newest root of each backup. */
export const StoredRestorations = z.object({
  list: z.array(z.object({ n: z.int(), from: z.int().nullable() })).default([]),
});

export const NO_HEAD: Pick<StoredHead, 'size' | 'root'> = { size: 0, root: EMPTY_ROOT.toString('base64url') };

type Reader = Pick<Transaction, 'getAll'> | Pick<Firestore, 'getAll'>;

/** Reads tiles together; one that is not there is left out. */
export async function readTiles(
  reader: Reader,
  db: Firestore,
  pathOf: (name: string) => string,
  tiles: readonly TileAt[],
): Promise<Tile[]> {
  const hashes = await readHashes(
    reader,
    db,
    tiles.map((tile) => pathOf(tileName(tile))),
  );
  return tiles.flatMap((tile, at) => {
    const found = hashes[at];
    return found === undefined ? [] : [{ ...tile, hashes: found }];
  });
}

/** The hashes of several documents at once, in the order that was asked for. */
export async function readHashes(
  reader: Reader,
  db: Firestore,
  documents: readonly string[],
): Promise<(Buffer | undefined)[]> {
  if (documents.length === 0) return [];
  const found = await reader.getAll(...documents.map((path) => db.doc(path)));
  return found.map((doc) => (doc.exists ? StoredHashes.parse(doc.data()).hashes : undefined));
}

/** Where the tiles of a company's tree are. */
export function companyTile(companyId: string): (name: string) => string {
  return (name) => paths.auditTree(companyId, name);
}

/** Where the tiles of the tree of all earlier statements are. */
export function historyTile(name: string): string {
  return paths.rootTree(`history-${name}`);
}
