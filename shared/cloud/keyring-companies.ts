import { FieldValue, type Firestore } from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { z } from 'zod';
import { sealBroken } from '../crypto/aead.ts';
import { associatedData } from '../crypto/associated-data.ts';
import { CompanyKey } from '../crypto/company-key.ts';
import { AppError } from '../domain/errors.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { hasStatus } from './grpc-error.ts';
import { readDocument, unwrapKey, WrappedKey, wrapFreshKey } from './keyring-wrapped.ts';
import type { Kms } from './kms.ts';

const LABEL = 'strongroom/kms-company-key/v1';
const FIRST_VERSION = 1;

/** `companyKeys/{companyId}`. A retired version still unwraps; the active one also wraps. */
export const CompanyKeysDocument = z.object({
  active: z.int(),
  versions: z.record(z.string(), WrappedKey.extend({ state: z.enum(['active', 'retired']) })),
  createdAt: z.string(),
  /** A version that was made and is not yet in the company's log as done. */
  untold: z.int().optional(),
});
type CompanyKeysDocument = z.infer<typeof CompanyKeysDocument>;

/** All versions of one company's key, unwrapped. */
export interface CompanyKeys {
  active: CompanyKey;
  has(version: number): boolean;
  /** `SEAL_BROKEN` for a version that there is not. */
  version(version: number): CompanyKey;
}

/** Makes a company's first key and stores it; a company that has one keeps it. */
export async function createCompanyKey(
  companyId: string,
  deps: { db: Firestore; kms: Kms; now: Clock },
): Promise<void> {
  const { stored } = await wrapFreshKey(deps.kms, placeOf(companyId, FIRST_VERSION));
  const document: CompanyKeysDocument = {
    active: FIRST_VERSION,
    versions: { [FIRST_VERSION]: { ...stored, state: 'active' } },
    createdAt: timestamp(deps.now),
  };
  try {
    await companyDocument(deps.db, companyId).create(document);
  } catch (error) {
    if (!hasStatus(error, status.ALREADY_EXISTS)) throw error;
  }
}

/** Reads and unwraps a company's keys: one call to KMS a version. `KEY_GONE` when the company has none. */
export async function loadCompanyKeys(
  companyId: string,
  deps: { db: Firestore; kms: Kms },
): Promise<CompanyKeys> {
  const snapshot = await companyDocument(deps.db, companyId).get();
  if (!snapshot.exists) throw new AppError('KEY_GONE');
  const document = readDocument(CompanyKeysDocument, snapshot.data());
  const keys = await Promise.all(
    Object.entries(document.versions).map(async ([text, stored]) => {
      const version = Number.parseInt(text, 10);
      const key = await unwrapKey(deps.kms, stored, placeOf(companyId, version));
      return [version, new CompanyKey(companyId, version, key)] as const;
    }),
  );
  const byVersion = new Map(keys);
  const keyOf = (version: number): CompanyKey => {
    const key = byVersion.get(version);
    if (key === undefined) throw sealBroken();
    return key;
  };
  return { active: keyOf(document.active), has: (version) => byVersion.has(version), version: keyOf };
}

/**
 * Gives a company another version of its key, which wraps and seals from now on; the one before still opens. Answers its
 * number, which is noted as untold. `KEY_GONE` when the company has no key.
 */
export async function addCompanyKeyVersion(
  companyId: string,
  deps: { db: Firestore; kms: Kms },
): Promise<number> {
  const ref = companyDocument(deps.db, companyId);
  const snapshot = await ref.get();
  if (!snapshot.exists || snapshot.updateTime === undefined) throw new AppError('KEY_GONE');
  const { active, versions } = readDocument(CompanyKeysDocument, snapshot.data());
  const next = Math.max(...Object.keys(versions).map(Number)) + 1;
  const { stored } = await wrapFreshKey(deps.kms, placeOf(companyId, next));
  const changes = {
    ...{ active: next, [`versions.${String(next)}`]: { ...stored, state: 'active' } },
    [`versions.${String(active)}.state`]: 'retired',
    untold: next,
  };
  await ref.update(changes, { lastUpdateTime: snapshot.updateTime });
  return next;
}

/** The version that the company's log does not tell of as done, if there is one. */
export async function untoldVersion(companyId: string, db: Firestore): Promise<number | undefined> {
  const snapshot = await companyDocument(db, companyId).get();
  return snapshot.exists ? readDocument(CompanyKeysDocument, snapshot.data()).untold : undefined;
}

/** From now on it is told, unless another one was made meanwhile. */
export async function versionTold(companyId: string, version: number, db: Firestore): Promise<void> {
  const ref = companyDocument(db, companyId);
  await db.runTransaction(async (tx) => {
    if ((await tx.get(ref)).get('untold') === version) tx.update(ref, { untold: FieldValue.delete() });
  });
}

export function companyDocument(db: Firestore, companyId: string): FirebaseFirestore.DocumentReference {
  return db.collection('companyKeys').doc(companyId);
}

/** What KMS binds a wrapped company key to. */
export function placeOf(companyId: string, version: number): Buffer {
  return associatedData(LABEL, [companyId, String(version)]);
}
