import type { Firestore } from '@google-cloud/firestore';
import type { Egress } from '../cloud/egress.ts';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import { ShopAccess, type ShopApi, shopApi } from './shop-api.ts';

/**
 * Opens a company's shop to write to it. Undefined when it is connected no more, or with nothing that its API takes:
 * a shop can be connected for its webhooks alone.
 */
export function shopOpener({
  db,
  keyring,
  egress,
}: {
  db: Firestore;
  keyring: Pick<Keyring, 'openSecret'>;
  egress: Egress;
}): (companyId: string, connectionId: string) => Promise<ShopApi | undefined> {
  return async (companyId, connectionId) => {
    const found = await db.doc(paths.connection(companyId, connectionId)).get();
    const sealed: unknown = found.get('sealed');
    if (!Buffer.isBuffer(sealed) || found.get('state') === 'uninstalled') return undefined;
    const opened = await keyring.openSecret(companyId, `connection/${connectionId}`, sealed);
    const access = ShopAccess.safeParse(JSON.parse(opened.toString('utf8')));
    opened.fill(0);
    return access.success ? shopApi(access.data, egress) : undefined;
  };
}
