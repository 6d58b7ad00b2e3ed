/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access,
   @typescript-eslint/no-unsafe-argument -- A shop takes whatever JSON comes, and looks at what it needs of it. */
import { madeShopifyOrder, numberOf } from './made-orders.ts';
import { type Json, orderNode, pageOf, remaining, tracking, variantNode } from './shopify-nodes.ts';

export interface Subscription {
  id: string;
  topic: string;
  uri: string;
  includeFields: string[];
  /** Failed deliveries in a row. */
  failures: number;
}

/** What a shop knows, and what it does when that changes. */
export interface ShopifyState {
  /** By id, in the form of the webhooks. */
  orders: Map<string, Json>;
  /** Stock by SKU. */
  stock: Map<string, number>;
  subscriptions: Map<string, Subscription>;
  /** Tells whoever asked for a topic; answers the statuses. */
  tell: (topic: string, payload: Json) => Promise<number[]>;
  restock: (sku: string, available: number) => Promise<number[]>;
  nextId: () => number;
  now: () => number;
}

/** Every query and mutation of the GraphQL Admin API that is served, by the name of its field. */
export function fieldsOf(state: ShopifyState): Record<string, (variables: Json) => unknown> {
  const { orders, stock, subscriptions, tell, restock, nextId, now } = state;
  const touched = (order: Json): Json => Object.assign(order, { updated_at: new Date(now()).toISOString() });
  return {
    order: ({ id }) => {
      const order = orders.get(numberOf(String(id)));
      return order === undefined ? null : orderNode(order);
    },
    orders: ({ query = '', first = 50, after }) => {
      const since = /updated_at:>='([^']+)'/.exec(String(query))?.[1];
      const source = /source_identifier:"([^"]+)"/.exec(String(query))?.[1];
      const found = [...orders.values()]
        .filter((each) => since === undefined || Date.parse(each['updated_at']) >= Date.parse(since))
        .filter((each) => source === undefined || each['source_identifier'] === source)
        .toSorted((a, b) => Date.parse(a['updated_at']) - Date.parse(b['updated_at']));
      return pageOf(found.map(orderNode), Number(first), after);
    },
    shop: () => ({ currencyCode: 'USD' }),
    productVariants: ({ query, first = 50, after }) => {
      const since = /^updated_at:>='([^']+)'$/.exec(String(query ?? ''))?.[1];
      if (query === null || since !== undefined) {
        const all = [...stock.keys()];
        return pageOf(
          all.map((sku) => variantNode(sku, stock.get(sku))),
          Number(first),
          after,
        );
      }
      const named = [...String(query).matchAll(/sku:"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1]);
      return { nodes: [...stock.keys()].filter((sku) => named.includes(sku)).map((sku) => variantNode(sku)) };
    },
    locations: () => ({ nodes: [{ id: 'gid://shopify/Location/1', isActive: true }] }),
    webhookSubscriptions: () => ({ nodes: [...subscriptions.values()] }),
    webhookSubscriptionCreate: ({ topic, webhook }) => {
      const uri = String(webhook?.uri ?? '');
      if (!uri.startsWith('http')) return { webhookSubscription: null, userErrors: [wrong('uri')] };
      const id = `gid://shopify/WebhookSubscription/${nextId()}`;
      subscriptions.set(id, { id, topic, uri, includeFields: webhook.includeFields ?? [], failures: 0 });
      return { webhookSubscription: { id }, userErrors: [] };
    },
    webhookSubscriptionDelete: ({ id }) => {
      const gone = subscriptions.delete(String(id));
      return { deletedWebhookSubscriptionId: gone ? id : null, userErrors: gone ? [] : [wrong('id')] };
    },
    fulfillmentCreate: ({ fulfillment }) => {
      const asked = fulfillment.lineItemsByFulfillmentOrder as Json[];
      const order = orders.get(numberOf(String(asked[0]?.['fulfillmentOrderId'])));
      if (order === undefined) return { fulfillment: null, userErrors: [wrong('fulfillmentOrderId')] };
      const items = asked.flatMap((each) => each['fulfillmentOrderLineItems'] as Json[]);
      const lines = items.map(({ id, quantity }) => ({ id: Number(numberOf(String(id))), quantity }));
      if (!lines.every(({ id, quantity }) => quantity <= remaining(order, id))) {
        return { fulfillment: null, userErrors: [wrong('quantity')] };
      }
      const made = {
        id: nextId(),
        status: 'success',
        line_items: lines,
        ...tracking(fulfillment.trackingInfo),
      };
      order['fulfillments'] = [...order['fulfillments'], made];
      void tell('orders/updated', touched(order));
      return { fulfillment: { id: `gid://shopify/Fulfillment/${made.id}` }, userErrors: [] };
    },
    fulfillmentTrackingInfoUpdate: ({ id, tracking: given }) => {
      for (const order of orders.values()) {
        for (const made of order['fulfillments'] as Json[]) {
          if (String(made['id']) !== numberOf(String(id))) continue;
          Object.assign(made, tracking(given));
          return { fulfillment: { id }, userErrors: [] };
        }
      }
      return { fulfillment: null, userErrors: [wrong('fulfillmentId')] };
    },
    orderCreate: ({ order, options: how }) => {
      const made = madeShopifyOrder(order, nextId(), now());
      orders.set(String(made['id']), made);
      for (const { sku, quantity } of how?.inventoryBehaviour === 'BYPASS'
        ? []
        : (made['line_items'] as Json[])) {
        const there = stock.get(String(sku));
        if (there !== undefined) void restock(String(sku), there - Number(quantity));
      }
      void tell('orders/create', made);
      return { order: { id: `gid://shopify/Order/${made['id']}` }, userErrors: [] };
    },
    inventorySetQuantities: ({ input, key }) => {
      // Both are asked for since 2026-04: the key of `@idempotent`, and what was there before or that it does not matter.
      if (typeof key !== 'string') return { userErrors: [wrong('idempotent')] };
      for (const { inventoryItemId, quantity, ...given } of input.quantities as Json[]) {
        if (!('changeFromQuantity' in given)) return { userErrors: [wrong('changeFromQuantity')] };
        const sku = decodeURIComponent(numberOf(String(inventoryItemId)));
        if (!stock.has(sku)) return { userErrors: [wrong('inventoryItemId')] };
        void restock(sku, quantity);
      }
      return { inventoryAdjustmentGroup: { id: 'gid://shopify/InventoryAdjustmentGroup/1' }, userErrors: [] };
    },
  };
}

function wrong(field: string): Json {
  return { field: [field], message: 'is invalid' };
}
