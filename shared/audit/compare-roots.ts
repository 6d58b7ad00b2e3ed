import type { Firestore } from '@google-cloud/firestore';
import { z } from 'zod';
import { paths } from '../cloud/firestore.ts';
import type { WriteOnce } from '../cloud/write-once.ts';
import { rootObject } from './publish-root.ts';
import { RootStatement, StoredRoot, StoredState } from './tree-documents.ts';

/** A root as it lies in the public bucket. */
export interface PublishedRoot {
  said: RootStatement;
  /** The JSON of the statement, byte for byte. */
  statement: string;
  jws: string;
  /** The pairs of all companies that had changed, 64 bytes each. */
  changed: Buffer;
}

/** How a restored database stands to what was published of its logs. */
export interface ComparedRoots {
  /** The newest root that the database knows; undefined: it has none. */
  root: number | undefined;
  /** Whether that very statement is the published one, or is still to be published. */
  same: boolean;
  /** The root itself as it was published; undefined: it has not been. */
  published: PublishedRoot | undefined;
  /** Those that were published since: what they cover and the database does not is lost. */
  since: PublishedRoot[];
}

const Pair = z.object({ company: z.string(), head: z.string() });
const Published = z.object({ root: z.string(), changed: z.array(Pair) });

/** How many are asked for at once. */
const TOGETHER = 32;

/** Compares the newest root of a database with the bucket of roots. */
export async function compareRoots(deps: {
  db: Firestore;
  roots: Pick<WriteOnce, 'get'>;
}): Promise<ComparedRoots> {
  const { db, roots } = deps;
  const state = StoredState.safeParse((await db.doc(paths.rootTree('state')).get()).data()).data;
  if (state === undefined) {
    return { root: undefined, same: true, published: undefined, since: await rootsFrom(0, roots) };
  }
  const stored = StoredRoot.parse((await db.doc(paths.root(state.root)).get()).data());
  const published = await readRoot(state.root, roots);
  // One that was fixed and never got out is published next.
  const same = published === undefined ? !stored.published : published.statement === stored.statement;
  const since = published === undefined ? [] : await rootsFrom(state.root + 1, roots);
  return { root: state.root, same, published, since };
}

/** All from a number on, without a gap. */
async function rootsFrom(first: number, roots: Pick<WriteOnce, 'get'>): Promise<PublishedRoot[]> {
  const found: PublishedRoot[] = [];
  for (;;) {
    const numbers = Array.from({ length: TOGETHER }, (_, at) => first + found.length + at);
    const page = await Promise.all(numbers.map((n) => readRoot(n, roots)));
    const end = page.indexOf(undefined);
    found.push(...page.slice(0, end < 0 ? page.length : end).flatMap((root) => root ?? []));
    if (end >= 0) return found;
  }
}

async function readRoot(n: number, roots: Pick<WriteOnce, 'get'>): Promise<PublishedRoot | undefined> {
  const content = await roots.get(rootObject(n));
  if (content === undefined) return undefined;
  const { root: jws, changed } = Published.parse(JSON.parse(content.toString('utf8')));
  const statement = Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString('utf8');
  const pairs = changed.flatMap(({ company, head }) => [company, head]);
  return {
    ...{ said: RootStatement.parse(JSON.parse(statement)), statement, jws },
    changed: Buffer.concat(pairs.map((hash) => Buffer.from(hash, 'base64url'))),
  };
}
