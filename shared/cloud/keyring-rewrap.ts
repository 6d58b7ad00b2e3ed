import { randomBytes } from 'node:crypto';
import { FieldPath, type Firestore, type QueryDocumentSnapshot } from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { KEY_BYTES } from '../crypto/derived-key.ts';
import { associatedData } from '../crypto/associated-data.ts';
import { hasStatus } from './grpc-error.ts';
import { CompanyKeysDocument, placeOf } from './keyring-companies.ts';
import { LOOKUP_PLACE } from './keyring-lookup.ts';
import { readDocument, rewrapKey, WrappedKey } from './keyring-wrapped.ts';
import type { Kms } from './kms.ts';

export interface RewrapDeps {
  /** `keyring`. */
  db: Firestore;
  kms: Kms;
  /** Out of which wrap: `recovery` when the project of `tenant` is lost. */
  from: 'tenant' | 'recovery';
}

/** What a run has looked at, and what it wrapped anew. */
export interface Rewrapped {
  /** Full name of the version that everything is wrapped by. */
  version: string;
  looked: number;
  rewrapped: number;
  /** Changed by others at the very moment: the next run finds them. */
  passedOver: number;
}

const PAGE = 200;
const AT_ONCE = 8;
const PROBE = associatedData('strongroom/kms-probe/v1', []);

/**
 * Wraps every company key and the lookup key by the newest version of the KMS key, in pages. What is there already is looked
 * at and left, so a run that died is followed by another. Safe beside live traffic: the keys stay the same, and a document
 * that was changed or deleted meanwhile is passed over.
 */
export async function rewrapKeys(
  deps: RewrapDeps,
  progress: (so: Rewrapped) => void = () => undefined,
): Promise<Rewrapped> {
  // Which version wraps now is told by no list: the primary one is what a wrap says.
  const { version } = await deps.kms.wrap('tenant', randomBytes(KEY_BYTES), PROBE);
  const so: Rewrapped = { version, looked: 0, rewrapped: 0, passedOver: 0 };
  const first = deps.db.collection('companyKeys').orderBy(FieldPath.documentId()).limit(PAGE);
  let query = first;
  for (;;) {
    const page = await query.get();
    for (let at = 0; at < page.size; at += AT_ONCE) {
      await Promise.all(page.docs.slice(at, at + AT_ONCE).map((doc) => rewrapCompany(doc, so, deps)));
    }
    progress(so);
    const last = page.docs.at(-1);
    if (last === undefined || page.size < PAGE) break;
    query = first.startAfter(last.id);
  }
  for (const doc of (await deps.db.collection('lookup').get()).docs) await rewrapLookup(doc, so, deps);
  return so;
}

async function rewrapCompany(doc: QueryDocumentSnapshot, so: Rewrapped, deps: RewrapDeps): Promise<void> {
  so.looked += 1;
  const { versions } = readDocument(CompanyKeysDocument, doc.data());
  const old = Object.entries(versions).filter(([, { kekVersion }]) => kekVersion !== so.version);
  if (old.length === 0) return;
  const changes: Record<string, unknown> = {};
  for (const [version, stored] of old) {
    const place = placeOf(doc.id, Number.parseInt(version, 10));
    const wrapped = await rewrapKey(deps.kms, stored, place, deps.from);
    changes[`versions.${version}`] = { ...stored, ...wrapped };
  }
  await change(doc, changes, so);
}

async function rewrapLookup(doc: QueryDocumentSnapshot, so: Rewrapped, deps: RewrapDeps): Promise<void> {
  so.looked += 1;
  const stored = readDocument(WrappedKey, doc.data());
  if (stored.kekVersion === so.version) return;
  await change(doc, { ...(await rewrapKey(deps.kms, stored, LOOKUP_PLACE, deps.from)) }, so);
}

async function change(
  doc: QueryDocumentSnapshot,
  changes: Record<string, unknown>,
  so: Rewrapped,
): Promise<void> {
  try {
    await doc.ref.update(changes, { lastUpdateTime: doc.updateTime });
    so.rewrapped += 1;
  } catch (error) {
    if (!hasStatus(error, status.FAILED_PRECONDITION, status.NOT_FOUND, status.ABORTED)) throw error;
    so.passedOver += 1;
  }
}
