import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import type { ShopifyShop } from './shopify-call.ts';
import { askShopify } from './shopify-graphql.ts';
import type { ShopDeps } from './shop-orders.ts';
import type { ShopWebhooks } from './shop-webhooks.ts';

/** What our webhooks ask for of an order: what the mapper reads, and what it cuts out of the text that it keeps. */
const ORDER_FIELDS = [
  ...['id', 'name', 'order_number', 'currency', 'financial_status', 'cancelled_at', 'updated_at'],
  ...['total_line_items_price', 'total_shipping_price_set', 'total_tax', 'total_discounts', 'total_price'],
  ...['line_items', 'fulfillments', 'shipping_address', 'shipping_lines', 'note_attributes'],
];
const TOPICS: Record<string, string[]> = {
  ORDERS_CREATE: ORDER_FIELDS,
  ORDERS_UPDATED: ORDER_FIELDS,
  ORDERS_CANCELLED: ORDER_FIELDS,
  FULFILLMENTS_CREATE: ['id', 'order_id'],
  FULFILLMENTS_UPDATE: ['id', 'order_id'],
  REFUNDS_CREATE: ['id', 'order_id'],
  PRODUCTS_CREATE: ['id'],
  PRODUCTS_UPDATE: ['id'],
  APP_UNINSTALLED: ['id', 'myshopify_domain'],
};
/** Asked for where the merchant let us read or write stock. */
const STOCK_TOPICS: Record<string, string[]> = {
  INVENTORY_LEVELS_UPDATE: ['inventory_item_id', 'location_id'],
};
const STOCK_SCOPES = ['read_inventory', 'write_inventory'];

const LIST = `query Webhooks($first: Int!) {
  webhookSubscriptions(first: $first) { nodes { id topic uri } }
}`;
const CREATE = `mutation Subscribe($topic: WebhookSubscriptionTopic!, $webhook: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhook) {
    webhookSubscription { id }
    userErrors { field message }
  }
}`;
const DELETE = `mutation Unsubscribe($id: ID!) {
  webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } }
}`;

const Listed = z.object({
  webhookSubscriptions: z.object({
    nodes: z.array(z.object({ id: z.string(), topic: z.string(), uri: z.string() })),
  }),
});
const Errors = z.array(z.object({}));
const Created = z.object({ webhookSubscriptionCreate: z.object({ userErrors: Errors }) });
const Deleted = z.object({ webhookSubscriptionDelete: z.object({ userErrors: Errors }) });

/** https://shopify.dev/docs/api/admin-graphql/latest/mutations/webhookSubscriptionCreate */
export function shopifyWebhooks(
  { scopes = [], ...shop }: ShopifyShop & { scopes?: string[] | undefined },
  deps: ShopDeps,
): ShopWebhooks {
  const stock = scopes.some((scope) => STOCK_SCOPES.includes(scope)) ? STOCK_TOPICS : {};
  const ours = async (address: string) => {
    const asked = { query: LIST, variables: { first: 100 }, answer: Listed };
    const { webhookSubscriptions } = await askShopify(shop, asked, deps);
    return webhookSubscriptions.nodes.filter(({ uri }) => uri === address);
  };
  return {
    async check() {
      await ours('');
    },
    async ensure(address) {
      const known = new Set((await ours(address)).map(({ topic }) => topic));
      const missing = Object.entries({ ...TOPICS, ...stock }).filter(([topic]) => !known.has(topic));
      for (const [topic, includeFields] of missing) {
        const variables = { topic, webhook: { uri: address, format: 'JSON', includeFields } };
        const asked = { query: CREATE, variables, answer: Created };
        const { webhookSubscriptionCreate: made } = await askShopify(shop, asked, deps);
        if (made.userErrors.length > 0) {
          throw new AppError('SHOP_UNAVAILABLE', 'the shop does not take a webhook');
        }
      }
      return missing.length > 0;
    },
    // The app's own secret signs for every shop.
    rekey: () => Promise.resolve(),
    async remove(address) {
      for (const { id } of await ours(address)) {
        await askShopify(shop, { query: DELETE, variables: { id }, answer: Deleted }, deps);
      }
    },
  };
}
