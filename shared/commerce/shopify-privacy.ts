import { z } from 'zod';
import { AppError, badFields } from '../domain/errors.ts';
import { Id } from './fields.ts';
import { parseJson, readAs } from './parse.ts';
import type { Delivery } from './platform.ts';
import { verifyShopifyBytes } from './shopify.ts';

/** What Shopify asks of the app, with nothing of the consumer in it. */
export interface ShopifyPrivacy {
  kind: 'customer_redact' | 'shop_redact' | 'data_request';
  shop: string;
  /** Shopify's own ids of orders. */
  orders: string[];
}

const Shop = z
  .string()
  .max(200)
  .transform((shop) => shop.toLowerCase());
const Orders = z.array(Id).max(10_000);
const Redact = z.object({ shop_domain: Shop, customer: z.object({}), orders_to_redact: Orders });
const DataRequest = z.object({ shop_domain: Shop, customer: z.object({}), orders_requested: Orders });
/**
 * One app's secret signs for all shops and topics, and the topic's header is not signed: a body about one customer must
 * not pass for one about the whole shop, whatever the header says.
 */
const ShopRedact = z.object({
  shop_domain: Shop,
  shop_id: Id,
  customer: z.undefined('this is about a customer').optional(),
  orders_to_redact: z.undefined('this is about a customer').optional(),
  orders_requested: z.undefined('this is about a customer').optional(),
  data_request: z.undefined('this is about a customer').optional(),
});

/** `UNAUTHENTICATED` unless one of the app's secrets signed these bytes; `BAD_REQUEST` for another body than its topic's. */
export function readShopifyPrivacy(delivery: Delivery, secrets: string[]): ShopifyPrivacy {
  const verified = verifyShopifyBytes(delivery, secrets);
  const topic = verified.headers['x-shopify-topic'];
  const asked = readTopic(topic, parseJson(verified.body));
  const header = verified.headers['x-shopify-shop-domain'];
  if (header !== undefined && String(header).toLowerCase() !== asked.shop)
    throw new AppError('UNAUTHENTICATED');
  return asked;
}

function readTopic(topic: unknown, payload: unknown): ShopifyPrivacy {
  if (topic === 'customers/redact') {
    const { shop_domain: shop, orders_to_redact: orders } = readAs(Redact, payload);
    return { kind: 'customer_redact', shop, orders };
  }
  if (topic === 'customers/data_request') {
    const { shop_domain: shop, orders_requested: orders } = readAs(DataRequest, payload);
    return { kind: 'data_request', shop, orders };
  }
  if (topic === 'shop/redact') {
    return { kind: 'shop_redact', shop: readAs(ShopRedact, payload).shop_domain, orders: [] };
  }
  throw badFields({ path: 'x-shopify-topic', message: 'not a topic that comes here' });
}
