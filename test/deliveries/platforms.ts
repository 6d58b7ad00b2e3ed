import { sampleBigCommerceOrder } from '../../local/shops/sample-bigcommerce-order.ts';
import { sampleOrder } from '../../local/shops/sample-order.ts';
import { sampleWooCommerceOrder } from '../../local/shops/sample-woocommerce-order.ts';
import type { ShopCall, StandIn } from '../../local/shops/stand-in.ts';
import type { ShopPlatform } from '../../shared/domain/delivery.ts';
import type { ShopMarket } from '../shops/shop-market.ts';

interface Shipped {
  carrier: unknown;
  numbers: string[];
}
interface Made {
  id: number;
  marker: string;
}

/** A shop of one platform, and what of it the tests of every platform look at. */
export interface PlatformShop {
  standIn: StandIn;
  /** A consumer buys what is in the sample order. */
  sell: (id: number) => Promise<unknown>;
  shipped: (id: number) => Shipped[];
  /** What is in the shop with a marker of ours. */
  made: () => Made[];
  /** The calls that ask for an order to be made. */
  makes: (call: ShopCall) => boolean;
  /** Whatever it sold and we made there is gone, and it behaves. */
  empty: () => void;
}

type Json = Record<string, unknown>;
type Meta = { key: string; value: unknown }[];

export function platformShops(shops: ShopMarket): Record<ShopPlatform, PlatformShop> {
  return { shopify: ofShopify(shops), woocommerce: ofWooCommerce(shops), bigcommerce: ofBigCommerce(shops) };
}

function ofShopify({ shopify, market }: ShopMarket): PlatformShop {
  return {
    standIn: shopify,
    sell: (id) => shopify.place(sampleOrder({ id, number: id % 100_000, at: market.cloud.clock.now() })),
    shipped: (id) =>
      (shopify.orders.get(String(id))?.['fulfillments'] as Json[]).map((made) => ({
        carrier: made['tracking_company'],
        numbers: made['tracking_numbers'] as string[],
      })),
    made: () => [...shopify.orders.values()].flatMap(made('source_identifier')),
    makes: ({ json }) => String((json as { query?: unknown } | undefined)?.query).includes('orderCreate'),
    empty: () => {
      shopify.orders.clear();
      shopify.behave();
    },
  };
}

function ofWooCommerce({ woo, market }: ShopMarket): PlatformShop {
  const metaOf = (order: Json | undefined, name: string): unknown =>
    (order?.['meta_data'] as Meta).find(({ key }) => key === name)?.value;
  return {
    standIn: woo,
    sell: (id) => woo.place(sampleWooCommerceOrder({ id, at: market.cloud.clock.now() })),
    shipped: (id) =>
      ((metaOf(woo.orders.get(id), '_wc_shipment_tracking_items') ?? []) as Json[]).map((item) => ({
        carrier: item['custom_tracking_provider'],
        numbers: [String(item['tracking_number'])],
      })),
    made: () =>
      [...woo.orders.values()]
        .map((order) => ({ id: order['id'], marker: metaOf(order, '_strongroom') }))
        .flatMap(made('marker')),
    makes: ({ method, path }) => method === 'POST' && path.endsWith('/orders'),
    empty: () => {
      woo.orders.clear();
      woo.behave();
    },
  };
}

function ofBigCommerce({ big, market }: ShopMarket): PlatformShop {
  return {
    standIn: big,
    sell: (id) => big.place(sampleBigCommerceOrder({ id, at: market.cloud.clock.now() })),
    shipped: (id) =>
      (big.shipments.get(id) ?? []).map((each) => ({
        carrier: each['shipping_method'],
        numbers: String(each['tracking_number']).split(', '),
      })),
    made: () => [...big.orders.values()].map(({ order }) => order).flatMap(made('external_order_id')),
    makes: ({ method, path }) => method === 'POST' && path.endsWith('/orders'),
    empty: () => {
      big.orders.clear();
      big.shipments.clear();
      big.behave();
    },
  };
}

function made(field: string): (order: Json) => Made[] {
  return (order) =>
    typeof order[field] === 'string' ? [{ id: Number(order['id']), marker: order[field] }] : [];
}
