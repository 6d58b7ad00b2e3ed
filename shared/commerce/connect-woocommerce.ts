import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { askShop } from './ask-shop.ts';
import { Id } from './fields.ts';
import type { ConnectionSecrets } from './platform.ts';
import type { ShopDeps } from './shop-orders.ts';
import type { ShopWebhooks } from './shop-webhooks.ts';
import { wooCommerceCall, type WooCommerceShop } from './woocommerce-orders.ts';

const TOPICS = [
  ...['order.created', 'order.updated', 'order.deleted', 'order.restored'],
  ...['product.created', 'product.updated'],
];
const PAGE = 100;

const Webhook = z.object({ id: Id, status: z.string(), topic: z.string(), delivery_url: z.string() });
type Webhook = z.infer<typeof Webhook>;

/** https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks */
export function wooCommerceWebhooks(
  shop: WooCommerceShop & Pick<Extract<ConnectionSecrets, { platform: 'woocommerce' }>, 'secrets'>,
  deps: ShopDeps,
): ShopWebhooks {
  const ask = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<unknown> =>
    askShop(deps, {
      method,
      ...wooCommerceCall(shop, path),
      ...(body && { body }),
    });

  async function ours(address: string): Promise<Webhook[]> {
    const found = z.array(Webhook).safeParse(await ask('GET', `webhooks?per_page=${PAGE}`));
    // A site without WooCommerce, or whose addresses are not written plainly, has no such page.
    if (!found.success) throw new AppError('SHOP_UNAVAILABLE', 'the shop does not show its webhooks');
    return found.data.filter((webhook) => webhook.delivery_url === address);
  }

  return {
    async check() {
      await ours('');
    },
    async ensure(address) {
      const known = await ours(address);
      const secret = shop.secrets[0] ?? '';
      let restored = false;
      for (const topic of TOPICS) {
        const webhook = known.find((each) => each.topic === topic);
        if (webhook?.status === 'active') continue;
        restored = true;
        if (webhook !== undefined) {
          await ask('PUT', `webhooks/${webhook.id}`, { status: 'active', secret });
        } else {
          const made = { name: 'Strongroom', topic, delivery_url: address, secret, status: 'active' };
          await ask('POST', 'webhooks', made);
        }
      }
      return restored;
    },
    async rekey(address, secret) {
      for (const { id } of await ours(address)) await ask('PUT', `webhooks/${id}`, { secret });
    },
    async remove(address) {
      for (const { id } of await ours(address)) await ask('DELETE', `webhooks/${id}?force=true`);
    },
  };
}
