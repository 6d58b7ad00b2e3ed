import { randomBytes } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { inject } from 'vitest';
import { type Door, startDoor } from '../../local/door/door.ts';
import { provisionKeys } from '../../local/kms/provision.ts';
import { type KmsStandIn, startKms } from '../../local/kms/server.ts';
import { openFirestore } from '../../shared/cloud/firestore.ts';
import { createKeyring, type Keyring } from '../../shared/cloud/keyring.ts';
import { createKms, type Kms } from '../../shared/cloud/kms.ts';
import { randomId } from '../../shared/domain/ids.ts';

/** A keyring database, a KMS, and as many instances that use them as a test wants. */
export interface KeyringCloud {
  readonly projectId: string;
  readonly kms: KmsStandIn;
  /** What all instances pass through: it counts. */
  readonly door: Door;
  readonly db: Firestore;
  /** Companies whose key was served from memory because KMS could not be reached. */
  readonly bridged: string[];
  /** Milliseconds; moved by hand. */
  time: number;
  /** Another instance of a function: nothing in memory yet. `through` may stand between it and KMS. */
  instance(through?: (kms: Kms) => Kms): Keyring;
  close(): Promise<void>;
}

export async function keyringCloud(): Promise<KeyringCloud> {
  const projectId = `keyring-${randomBytes(6).toString('hex')}`;
  const kms = await startKms({});
  const keys = await provisionKeys({ port: kms.port, projectId, now: Date.now });
  const emulators = inject('emulators');
  const door = await startDoor({
    identity: 'seed',
    cloud: {
      projectId,
      kms: keys,
      ledgerBucket: 'none',
    },
    backends: {
      ...emulators,
      firestoreAdmin: '127.0.0.1:1',
      kms: `127.0.0.1:${kms.port}`,
      storage: 'http://127.0.0.1:1',
    },
  });
  const db = openFirestore({ projectId, cloudEndpoint: door.cloudEndpoint }, 'keyring');
  const bridged: string[] = [];
  const cloud: KeyringCloud = {
    ...{ projectId, kms, door, db, bridged },
    time: Date.parse('2030-01-01T00:00:00.000Z'),
    instance: (through = (kms) => kms) =>
      createKeyring({
        db,
        kms: through(createKms({ cloudEndpoint: door.cloudEndpoint, kms: keys })),
        now: () => cloud.time,
        onKmsBridged: (companyId) => bridged.push(companyId),
      }),
    async close() {
      await db.terminate();
      await door.close();
      await kms.close();
    },
  };
  return cloud;
}

export function newParty(companyId = randomId('company')): { companyId: string; orderId: string } {
  return { companyId, orderId: randomId('order') };
}

/** What an order's address looks like in these tests. */
export const SHIP_TO = {
  firstName: 'First',
  lastName: 'Last',
  streetAddress: 'Teststrasse 1\nTestville',
  postalCode: '00000',
  region: 'Region',
  country: 'ZZ',
};
