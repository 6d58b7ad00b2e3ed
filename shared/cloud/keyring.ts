import { FieldPath, FieldValue, type Firestore } from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { z } from 'zod';
import type { CompanyKey } from '../crypto/company-key.ts';
import { secretKeyVersion } from '../crypto/company-key.ts';
import type { LookupKey } from '../crypto/lookup.ts';
import { type Party, RecordKey } from '../crypto/record-key.ts';
import { AppError } from '../domain/errors.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import type { Config } from './config.ts';
import { openFirestore } from './firestore.ts';
import { hasStatus } from './grpc-error.ts';
import { keyCache } from './keyring-cache.ts';
import { companyDocument, createCompanyKey, loadCompanyKeys } from './keyring-companies.ts';
import { lookupKey } from './keyring-lookup.ts';
import { Bytes, readDocument } from './keyring-wrapped.ts';
import { createKms, type Kms } from './kms.ts';

export type { Party, RecordKey } from '../crypto/record-key.ts';

/** A record key as it is listed, without its bytes. */
export interface RecordKeyEntry {
  /** The owner's order id, which is the record key's id too. */
  orderId: string;
  /** The owner. */
  companyId: string;
  /** The partners that hold a wrap. */
  holders: Party[];
  createdAt: string;
}

/**
 * The keys of companies and of their orders, in the `keyring` database. Whatever opens fails with `KEY_GONE` when a
 * key was destroyed, `SEAL_BROKEN` when bytes do not open in the place asked for, and as `Kms` says.
 */
export interface Keyring {
  /** Gives a company its key. A company that has one keeps it. */
  createCompanyKey(companyId: string): Promise<void>;
  /** After this nothing of the company opens, on any instance within an hour; fine when it is gone. */
  destroyCompanyKey(companyId: string): Promise<void>;
  companyKeyExists(companyId: string): Promise<boolean>;
  /** The version of a company's key that seals and wraps now. */
  activeVersion(companyId: string): Promise<number>;
  /** A page of companies that have a key, after the one named (`''`: from the first). */
  companies(after: string, limit: number): Promise<string[]>;
  /** A new order's key, for one write and no read; for a repeat of the order, the key that it has. */
  createRecordKey(owner: Party): Promise<RecordKey>;
  /** The key of the owner's order, out of the holder's wrap. */
  recordKey(owner: Party, holder: Party): Promise<RecordKey>;
  /** Lets another company open the order. Writes nothing when it can already. */
  share(owner: Party, holder: Party): Promise<void>;
  /** Wraps an order's key anew by the holder's newest key, unless it is; false when there was nothing to do. */
  renewWrap(owner: Party, holder: Party): Promise<boolean>;
  /** Takes a company's wrap away; fine when there is none. */
  unshare(owner: Party, holder: Party): Promise<void>;
  /** After this nobody opens the order, and nothing brings the key back; fine when it is gone. */
  destroyRecordKey(ownerOrderId: string): Promise<void>;
  /** Destroys a key as it was listed, unless an order has taken it up since: true when it is gone. */
  destroyUnused(listed: Pick<RecordKeyEntry, 'orderId' | 'createdAt'>): Promise<boolean>;
  recordKeyExists(ownerOrderId: string): Promise<boolean>;
  /** A page of record keys by order id, after the one named (`''`: from the first). */
  recordKeys(after: string, limit: number): Promise<RecordKeyEntry[]>;
  /** Seals a secret of a company, such as a shop's webhook secret, to its purpose. */
  sealSecret(companyId: string, purpose: string, plaintext: Buffer): Promise<Buffer>;
  openSecret(companyId: string, purpose: string, bytes: Buffer): Promise<Buffer>;
  /** Seals how somebody is reached, such as a member's email address, to its purpose. */
  sealContact(companyId: string, purpose: string, plaintext: Buffer): Promise<Buffer>;
  openContact(companyId: string, purpose: string, bytes: Buffer): Promise<Buffer>;
  /** The key by which orders are found again; made when there is none. */
  lookup(): Promise<LookupKey>;
}

/** A key that is older than this, in milliseconds, was left behind by an order that was not stored. */
const TAKEN_UP_MS = 60 * 60_000;

const Wrap = z.object({ holder: z.string(), companyKeyVersion: z.int(), wrapped: Bytes });

/** `recordKeys/{owner's order id}`: every party's wrap of one order's key, by that party's own id of the order. */
const RecordKeyDocument = z.object({
  owner: z.string(),
  wraps: z.record(z.string(), Wrap),
  createdAt: z.string(),
});
type RecordKeyDocument = z.infer<typeof RecordKeyDocument>;

/** `onKmsBridged` is told when a company's key serves from memory because KMS can not be reached. */
export function createKeyring(deps: {
  db: Firestore;
  kms: Kms;
  now: Clock;
  onKmsBridged?: (companyId: string) => void;
}): Keyring {
  const { db, now, onKmsBridged } = deps;
  const companyKeys = keyCache({
    load: (companyId) => loadCompanyKeys(companyId, deps),
    now,
    onBridged: (companyId) => onKmsBridged?.(companyId),
  });
  const documentOf = (orderId: string) => db.collection('recordKeys').doc(orderId);

  /** A version that this instance does not know may be newer than what it holds. */
  async function keyOf(companyId: string, version: number): Promise<CompanyKey> {
    return (await companyKeys(companyId, (keys) => keys.has(version))).version(version);
  }

  async function read(orderId: string): Promise<RecordKeyDocument> {
    const snapshot = await documentOf(orderId).get();
    if (!snapshot.exists) throw new AppError('KEY_GONE');
    return readDocument(RecordKeyDocument, snapshot.data());
  }

  async function unwrap(document: RecordKeyDocument, owner: Party, holder: Party): Promise<RecordKey> {
    const wrap = document.wraps[holder.orderId];
    if (wrap === undefined) throw new AppError('KEY_GONE');
    const key = await keyOf(holder.companyId, wrap.companyKeyVersion);
    return RecordKey.unwrap(wrap.wrapped, owner, key, holder.orderId);
  }

  async function recordKey(owner: Party, holder: Party): Promise<RecordKey> {
    return unwrap(await read(owner.orderId), owner, holder);
  }

  /** A key that is there already: of a copy of the delivery just now, or of one that was never stored. */
  async function takeUp(owner: Party): Promise<RecordKey> {
    const document = await read(owner.orderId);
    if (now() - Date.parse(document.createdAt) > TAKEN_UP_MS) {
      // An old one may be looked at as an orphan at this very moment: with another date it is none.
      try {
        await documentOf(owner.orderId).update({ createdAt: timestamp(now) });
      } catch (error) {
        throw hasStatus(error, status.NOT_FOUND) ? new AppError('UNAVAILABLE') : error;
      }
    }
    return unwrap(document, owner, owner);
  }

  return {
    recordKey,
    lookup: lookupKey(deps),
    createCompanyKey: (companyId) => createCompanyKey(companyId, deps),

    async destroyCompanyKey(companyId) {
      await companyDocument(db, companyId).delete();
    },

    async companyKeyExists(companyId) {
      return (await companyDocument(db, companyId).get()).exists;
    },

    async activeVersion(companyId) {
      return (await companyKeys(companyId)).active.version;
    },

    async companies(after, limit) {
      const first = db.collection('companyKeys').orderBy(FieldPath.documentId()).limit(limit).select();
      const page = await (after === '' ? first : first.startAfter(after)).get();
      return page.docs.map(({ id }) => id);
    },

    async createRecordKey(owner) {
      const key = RecordKey.generate(owner);
      const { active } = await companyKeys(owner.companyId);
      const document: RecordKeyDocument = {
        owner: owner.companyId,
        wraps: { [owner.orderId]: wrapFor(key, active, owner.orderId) },
        createdAt: timestamp(now),
      };
      try {
        await documentOf(owner.orderId).create(document);
        return key;
      } catch (error) {
        if (hasStatus(error, status.ALREADY_EXISTS)) return takeUp(owner);
        throw error;
      }
    },

    async share(owner, holder) {
      const document = await read(owner.orderId);
      if (document.wraps[holder.orderId] !== undefined) return;
      const key = await unwrap(document, owner, owner);
      const { active } = await companyKeys(holder.companyId);
      try {
        // An update changes only what exists: a key that is destroyed meanwhile does not come back.
        await documentOf(owner.orderId).update(wrapPath(holder), wrapFor(key, active, holder.orderId));
      } catch (error) {
        throw hasStatus(error, status.NOT_FOUND) ? new AppError('KEY_GONE') : error;
      }
    },

    async renewWrap(owner, holder) {
      const snapshot = await documentOf(owner.orderId).get();
      if (!snapshot.exists) return false;
      const document = readDocument(RecordKeyDocument, snapshot.data());
      const wrap = document.wraps[holder.orderId];
      const { active } = await companyKeys(holder.companyId);
      if (wrap === undefined || wrap.companyKeyVersion === active.version) return false;
      const key = await unwrap(document, owner, holder);
      try {
        // By one field: what others add to the document meanwhile stays, and what was taken away does not come back.
        await db.runTransaction(async (tx) => {
          const fresh = await tx.get(documentOf(owner.orderId));
          if (fresh.get(wrapPath(holder)) === undefined) return;
          tx.update(documentOf(owner.orderId), wrapPath(holder), wrapFor(key, active, holder.orderId));
        });
        return true;
      } catch (error) {
        if (hasStatus(error, status.NOT_FOUND)) return false;
        throw error;
      }
    },

    async unshare(owner, holder) {
      try {
        await documentOf(owner.orderId).update(wrapPath(holder), FieldValue.delete());
      } catch (error) {
        if (!hasStatus(error, status.NOT_FOUND)) throw error;
      }
    },

    async destroyRecordKey(ownerOrderId) {
      await documentOf(ownerOrderId).delete();
    },

    destroyUnused({ orderId, createdAt }) {
      return db.runTransaction(async (tx) => {
        const found = await tx.get(documentOf(orderId));
        if (!found.exists || found.data()?.['createdAt'] !== createdAt) return false;
        tx.delete(found.ref);
        return true;
      });
    },

    async recordKeyExists(ownerOrderId) {
      return (await documentOf(ownerOrderId).get()).exists;
    },

    async recordKeys(after, limit) {
      const first = db.collection('recordKeys').orderBy(FieldPath.documentId()).limit(limit);
      const page = await (after === '' ? first : first.startAfter(after)).get();
      return page.docs.map((found) => entryOf(found.id, readDocument(RecordKeyDocument, found.data())));
    },

    async sealSecret(companyId, purpose, plaintext) {
      return (await companyKeys(companyId)).active.sealSecret(purpose, plaintext);
    },

    async openSecret(companyId, purpose, bytes) {
      const key = await keyOf(companyId, secretKeyVersion(bytes));
      return key.openSecret(purpose, bytes);
    },

    async sealContact(companyId, purpose, plaintext) {
      return (await companyKeys(companyId)).active.sealContact(purpose, plaintext);
    },

    async openContact(companyId, purpose, bytes) {
      const key = await keyOf(companyId, secretKeyVersion(bytes));
      return key.openContact(purpose, bytes);
    },
  };
}

function wrapFor(key: RecordKey, holder: CompanyKey, holderOrderId: string): z.infer<typeof Wrap> {
  return {
    holder: holder.companyId,
    companyKeyVersion: holder.version,
    wrapped: key.wrap(holder, holderOrderId),
  };
}

function wrapPath(holder: Party): FieldPath {
  return new FieldPath('wraps', holder.orderId);
}

function entryOf(orderId: string, { owner, wraps, createdAt }: RecordKeyDocument): RecordKeyEntry {
  const holders = Object.entries(wraps)
    .filter(([holderOrderId]) => holderOrderId !== orderId)
    .map(([holderOrderId, { holder }]) => ({ companyId: holder, orderId: holderOrderId }));
  return { orderId, companyId: owner, holders, createdAt };
}

/** The keyring as the configuration names its database and its KMS. */
export function openKeyring(
  config: Config,
  deps: { now: Clock; onKmsBridged?: (companyId: string) => void },
): Keyring {
  return createKeyring({ db: openFirestore(config, 'keyring'), kms: createKms(config), ...deps });
}
