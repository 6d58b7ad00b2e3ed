import type { Firestore } from '@google-cloud/firestore';
import type { Egress } from '../cloud/egress.ts';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import type { Clock } from '../domain/time.ts';
import { openSecrets } from './connections.ts';
import { type ShopApi, shopApi } from './shop-api.ts';
import { StoredConnection } from './stored-connection.ts';

/**
 * Opens a company's shop to write to it. Undefined when it is connected no more, or with nothing that its API takes:
 * a shop can be connected for its webhooks alone.
 */
export function shopOpener(deps: {
  db: Firestore;
  keyring: Keyring;
  egress: Egress;
  now: Clock;
}): (companyId: string, connectionId: string) => Promise<ShopApi | undefined> {
  return async (companyId, connectionId) => {
    const found = await deps.db.doc(paths.connection(companyId, connectionId)).get();
    if (!found.exists) return undefined;
    const stored = StoredConnection.parse(found.data());
    if (stored.state !== 'active') return undefined;
    return shopApi(await openSecrets({ companyId, id: connectionId }, stored, deps), deps.egress);
  };
}
