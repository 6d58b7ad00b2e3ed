import type { Firestore } from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { associatedData } from '../crypto/associated-data.ts';
import { LookupKey } from '../crypto/lookup.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { hasStatus } from './grpc-error.ts';
import { readDocument, unwrapKey, WrappedKey, wrapFreshKey } from './keyring-wrapped.ts';
import type { Kms } from './kms.ts';

/** What KMS binds the wrapped lookup key to. */
export const LOOKUP_PLACE = associatedData('strongroom/kms-lookup-key/v1', []);

/**
 * The one lookup key, made when it is missing and loaded once, however many ask at a time; a failure is not kept.
 * It is only ever created, so that of two instances which find none both end with the key of the first.
 */
export function lookupKey(deps: { db: Firestore; kms: Kms; now: Clock }): () => Promise<LookupKey> {
  const { db, kms, now } = deps;
  const document = db.collection('lookup').doc('current');
  let loaded: Promise<LookupKey> | undefined;

  return () => (loaded ??= load().catch(forget));

  async function load(): Promise<LookupKey> {
    return (await existing()) ?? (await created()) ?? (await load());
  }

  async function existing(): Promise<LookupKey | undefined> {
    const snapshot = await document.get();
    if (!snapshot.exists) return undefined;
    return new LookupKey(await unwrapKey(kms, readDocument(WrappedKey, snapshot.data()), LOOKUP_PLACE));
  }

  /** `undefined`: another instance was first. */
  async function created(): Promise<LookupKey | undefined> {
    const { key, stored } = await wrapFreshKey(kms, LOOKUP_PLACE);
    try {
      await document.create({ ...stored, createdAt: timestamp(now) });
      return new LookupKey(key);
    } catch (error) {
      if (hasStatus(error, status.ALREADY_EXISTS)) return undefined;
      throw error;
    }
  }

  function forget(error: unknown): never {
    loaded = undefined;
    throw error;
  }
}
