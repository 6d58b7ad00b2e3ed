import type { KeyObject } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { readConfig } from '../../shared/cloud/config.ts';
import { openFirestore, paths } from '../../shared/cloud/firestore.ts';
import { loadCompanyKeys } from '../../shared/cloud/keyring-companies.ts';
import { unwrapKey } from '../../shared/cloud/keyring-wrapped.ts';
import { createKms } from '../../shared/cloud/kms.ts';
import { open } from '../../shared/crypto/aead.ts';
import { associatedData } from '../../shared/crypto/associated-data.ts';
import { secretKey } from '../../shared/crypto/derived-key.ts';
import type { Party } from '../../shared/crypto/record-key.ts';
import type { TestCloud } from '../support/cloud.ts';

/** The documents of `keyring` as they are stored: nothing of the product's own reading of them is leaned on. */
interface Versions {
  versions: Record<string, { wrapped: Buffer }>;
}
interface Wraps {
  owner: string;
  wraps: Record<string, { holder: string; companyKeyVersion: number; wrapped: Buffer }>;
}

/** Looks through both databases with every right that there is, or through another keyring, such as an old one. */
export function everyKey(cloud: TestCloud, other?: Firestore) {
  const config = readConfig(cloud.envOf('seed'));
  const kms = createKms(config);
  const db = openFirestore(config, '(default)');
  const keyring = other ?? openFirestore(config, 'keyring');

  /** Company keys, what is derived of them, the lookup key, and every record key out of every wrap. */
  async function keys(reachableBy?: string): Promise<KeyObject[]> {
    const found: KeyObject[] = [];
    for (const { id, ref } of (await keyring.collection('companyKeys').get()).docs) {
      if (reachableBy !== undefined && id !== reachableBy) continue;
      const { versions } = (await ref.get()).data() as Versions;
      for (const [version, { wrapped }] of Object.entries(versions)) {
        const place = associatedData('strongroom/kms-company-key/v1', [id, version]);
        found.push(await unwrapKey(kms, { wrapped }, place));
      }
      const company = await loadCompanyKeys(id, { db: keyring, kms });
      found.push(company.active.wrapping, ...(await recordKeysOf(id, company)));
    }
    const lookup = (await keyring.doc('lookup/current').get()).data() as { wrapped: Buffer };
    if (reachableBy === undefined) {
      found.push(await unwrapKey(kms, lookup, associatedData('strongroom/kms-lookup-key/v1', [])));
    }
    return found;
  }

  async function recordKeysOf(
    companyId: string,
    company: Awaited<ReturnType<typeof loadCompanyKeys>>,
  ): Promise<KeyObject[]> {
    const all = await keyring.collection('recordKeys').get();
    return all.docs.flatMap((doc) => {
      const { owner, wraps } = doc.data() as Wraps;
      return Object.entries(wraps)
        .filter(([, { holder }]) => holder === companyId)
        .map(([holderOrderId, { companyKeyVersion, wrapped }]) => {
          const parts = [owner, doc.id, companyId, holderOrderId, String(companyKeyVersion)];
          const place = associatedData('strongroom/wrap/v1', parts);
          return secretKey(open(company.version(companyKeyVersion).wrapping, wrapped, place));
        });
    });
  }

  return {
    /** The sealed address of an order, when it is stored at all. */
    async sealed(orderId: string): Promise<Buffer | undefined> {
      const found = await db.doc(paths.sealed(orderId)).get();
      return (found.data() as { shipTo: Buffer } | undefined)?.shipTo;
    },

    /** How many keys open these bytes as this order's address: all keys, or those that one company can reach. */
    async opening(sealed: Buffer, owner: Party, reachableBy?: string): Promise<number> {
      const place = associatedData('strongroom/seal/v1', [owner.companyId, owner.orderId, 'shipTo']);
      const opened = (await keys(reachableBy)).filter((key) => {
        try {
          return open(key, sealed, place).includes('streetAddress');
        } catch {
          return false;
        }
      });
      return opened.length;
    },

    async recordKeyIds(): Promise<string[]> {
      return (await keyring.collection('recordKeys').get()).docs.map((doc) => doc.id);
    },

    async close(): Promise<void> {
      await Promise.all([db.terminate(), keyring.terminate()]);
    },
  };
}
