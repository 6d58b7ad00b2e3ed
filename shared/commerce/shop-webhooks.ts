import type { Firestore } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import { paths } from '../cloud/firestore.ts';
import { bigCommerceWebhooks } from './connect-bigcommerce.ts';
import { shopifyWebhooks } from './connect-shopify.ts';
import { wooCommerceWebhooks } from './connect-woocommerce.ts';
import type { Connection } from './connections.ts';
import type { ConnectionSecrets } from './platform.ts';
import type { ShopDeps } from './shop-orders.ts';

/** The webhooks that we have at a shop, all of which lead to one address of ours. Fails as `askShop` does. */
export interface ShopWebhooks {
  /** Only asks, so that wrong credentials are told before anything is made. */
  check(): Promise<void>;
  /** Makes those that are missing, and enables those that are not active; true when there was anything to do. */
  ensure(address: string): Promise<boolean>;
  /** Gives them another secret, where they have one of ours. */
  rekey(address: string, secret: string): Promise<void>;
  /** Takes all away that lead to our address. */
  remove(address: string): Promise<void>;
}

/** `undefined` for a sender that is set up by its own people. */
export function shopWebhooks(secrets: ConnectionSecrets, deps: ShopDeps): ShopWebhooks | undefined {
  if (secrets.platform === 'woocommerce') return wooCommerceWebhooks(secrets, deps);
  if (secrets.platform === 'bigcommerce') return bigCommerceWebhooks(secrets, deps);
  if (secrets.platform === 'shopify' && secrets.token !== undefined) {
    return shopifyWebhooks({ shop: secrets.shop, token: secrets.token, scopes: secrets.scopes }, deps);
  }
  return undefined;
}

export function webhookAddress(baseUrl: string, connectionId: string): string {
  return `${baseUrl}/webhooks/${connectionId}`;
}

/** Looks whether the shop has all of our webhooks, makes what it dropped anew, and says so in the merchant's log. */
export async function restoreWebhooks(
  connection: Connection,
  requestId: string,
  deps: ShopDeps & { db: Firestore; baseUrl: string },
): Promise<'present' | 'restored' | 'none'> {
  const { id, companyId, secrets } = connection;
  const webhooks = shopWebhooks(secrets, deps);
  if (webhooks === undefined) return 'none';
  if (!(await webhooks.ensure(webhookAddress(deps.baseUrl, id)))) return 'present';
  const batch = deps.db.batch();
  batch.update(deps.db.doc(paths.connection(companyId, id)), { 'health.subscription': 'restored' });
  const actor = { type: 'system', id: null } as const;
  const record = { type: 'connection', id } as const;
  const about = { action: 'connection.webhooks_restored', record, result: 'done', facts: {} } as const;
  addEntry(batch, { companyId, actor, requestId, ...about }, deps);
  await batch.commit();
  return 'restored';
}
