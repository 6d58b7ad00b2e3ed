import { createHash } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { paths } from '../../cloud/firestore.ts';
import type { Keyring } from '../../cloud/keyring.ts';
import type { Log } from '../../cloud/log.ts';
import { shopHash } from '../../commerce/connections.ts';
import type { Delivery } from '../../commerce/platform.ts';
import type { ShopifyApp } from '../../commerce/shopify-app.ts';
import { readShopifyPrivacy } from '../../commerce/shopify-privacy.ts';
import { AppError } from '../../domain/errors.ts';
import { keyedId } from '../../domain/ids.ts';
import type { Clock } from '../../domain/time.ts';
import { orderIdOf } from '../../orders/order-ids.ts';
import { storePrivacyRequest } from '../../orders/privacy-request.ts';

export interface PrivacyDeps {
  db: Firestore;
  keyring: Pick<Keyring, 'lookup'>;
  shopifyApp: ShopifyApp | undefined;
  log: Log;
  now: Clock;
}

/**
 * `POST /webhooks/shopify`: the three privacy topics, which Shopify sends once for each app. The shop is found by its
 * name in the signed body, also long after it took the app away; of the body itself only ids are kept. A repeat is the
 * same request by the hash of its bytes.
 */
export function takeShopifyPrivacy(
  deps: PrivacyDeps,
): (delivery: Delivery, requestId: string) => Promise<void> {
  return async (delivery, requestId) => {
    if (deps.shopifyApp === undefined) throw new AppError('UNAUTHENTICATED');
    const asked = readShopifyPrivacy(delivery, deps.shopifyApp.secrets);
    const lookup = await deps.keyring.lookup();
    const ref = deps.db.doc(paths.shopRef(await shopHash(asked.shop, deps.keyring)));
    const found = (await ref.get()).data() as
      { connections: { companyId: string; connectionId: string }[] } | undefined;
    const bytes = createHash('sha256').update(delivery.body).digest('hex');
    for (const { companyId, connectionId } of found?.connections ?? []) {
      await storePrivacyRequest(
        {
          id: keyedId('privacy', lookup.hash('shop', asked.kind, connectionId, bytes)),
          ...{ companyId, connectionId, kind: asked.kind },
          orders: asked.orders.map((externalId) => orderIdOf(lookup, connectionId, externalId)),
        },
        { actor: { type: 'platform', id: connectionId }, requestId },
        deps,
      );
      deps.log.privacyRequested(connectionId, companyId, asked.orders.length);
    }
  };
}
