import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Firestore } from '@google-cloud/firestore';
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { addEntry } from '../../shared/audit/append.ts';
import { type AuditEntry, StoredEntry } from '../../shared/audit/entry.ts';
import {
  RootStatement,
  StoredHead,
  StoredProof,
  StoredRoot,
  StoredState,
} from '../../shared/audit/tree-documents.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { randomId } from '../../shared/domain/ids.ts';
import type { Market } from '../support/market.ts';

/** Writes entries as functions do, in one batch. `about` says what else is so of the nth. */
export async function writeEntries(
  db: Firestore,
  companyId: string,
  count: number,
  at: () => number = Date.now,
  about: (nth: number) => Partial<Pick<AuditEntry, 'action' | 'actor' | 'record'>> = () => ({}),
): Promise<AuditEntry[]> {
  const batch = db.batch();
  const entries = Array.from({ length: count }, (_, nth) =>
    addEntry(
      batch,
      {
        ...{ companyId, actor: { type: 'system', id: null }, action: 'order.opened', result: 'done' },
        ...{ record: { type: 'order', id: randomId('order') }, requestId: randomId('request'), facts: {} },
        ...about(nth),
      },
      { db, now: at },
    ),
  );
  await batch.commit();
  return entries;
}

/** What is stored of one log, in the order of its indexes; entries without one come last. */
export async function storedLog(
  db: Firestore,
  companyId: string,
): Promise<{ entry: AuditEntry; index: number | undefined }[]> {
  const { docs } = await db.collection(paths.audit(companyId)).get();
  return docs
    .map((doc) => StoredEntry.parse(doc.data()))
    .sort((a, b) => (a.index ?? Infinity) - (b.index ?? Infinity));
}

export async function headOf(db: Firestore, companyId: string): Promise<StoredHead> {
  return StoredHead.parse((await db.doc(paths.auditTree(companyId, 'head')).get()).data());
}

export async function proofsOf(db: Firestore, companyId: string): Promise<StoredProof[]> {
  const { docs } = await db.collection(paths.auditHeads(companyId)).orderBy('root').get();
  return docs.map((doc) => StoredProof.parse(doc.data()));
}

export async function newestRoot(db: Firestore): Promise<StoredRoot> {
  const { root } = StoredState.parse((await db.doc(paths.rootTree('state')).get()).data());
  return StoredRoot.parse((await db.doc(paths.root(root)).get()).data());
}

/** What a root says, once its signature is checked with the public keys. */
export async function statementOf(market: Market, jws: string | null): Promise<RootStatement> {
  const jwks = (await (await fetch(`${market.cloud.baseUrl}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
  const { payload, protectedHeader } = await compactVerify(jws ?? '', createLocalJWKSet(jwks));
  if (protectedHeader.typ !== 'strongroom-root+jwt') throw new Error('not a root');
  return RootStatement.parse(JSON.parse(Buffer.from(payload).toString('utf8')));
}

export const sha256 = (data: string): Buffer => createHash('sha256').update(data).digest();

/** A folder for what a test fetches. */
export async function scratchFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'strongroom-log-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
