/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access,
   @typescript-eslint/no-unsafe-argument -- A shop takes whatever JSON comes, and looks at what it needs of it. */
import { createHmac } from 'node:crypto';
import { madeShopifyOrder, numberOf } from './made-orders.ts';
import { sendShopifyOrder } from './shopify.ts';
import { Outbox, type ShopCall, type ShopReply, type StandIn, startStandIn } from './stand-in.ts';

// Orders are kept in the form of the webhooks, and read by name as a shop's own code would.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Json = Record<string, any>;

interface Subscription {
  id: string;
  topic: string;
  uri: string;
  includeFields: string[];
  /** Failed deliveries in a row. */
  failures: number;
}

/** A Shopify shop: the parts of the GraphQL Admin API that are called, OAuth, and the app's webhooks. */
export interface ShopifyStandIn extends StandIn {
  readonly shop: string;
  /** What the app is given when its code is exchanged; changed by an installation. */
  token: string;
  readonly orders: Map<string, Json>;
  /** Stock by SKU. */
  readonly stock: Map<string, number>;
  readonly subscriptions: Map<string, Subscription>;
  readonly outbox: Outbox;
  /** How much of the cost bucket is left. */
  bucket: number;
  place(order: Json): Promise<number[]>;
  change(id: number, change: Json): Promise<number[]>;
  /** Staff count a SKU. */
  restock(sku: string, available: number): Promise<number[]>;
  /** Sends any topic as the app's webhooks are sent, to one address. */
  tell(topic: string, payload: Json): Promise<number[]>;
  /** What the merchant's browser brings back to the app after it agreed: the query of the callback. */
  consent(state: string, clientId: string, code?: string): URLSearchParams;
}

const MOST_FAILURES = 8;
const COST = 10;

export async function startShopify(options: {
  shop: string;
  /** The app as Shopify knows it; asked for at each use, since a hub's app is known once the hub is there. */
  app: () => { clientId: string; clientSecret: string };
  token: string;
  port?: number;
  /** Whatever it makes has a higher id than this. */
  lastId?: number;
  control?: (call: ShopCall) => ShopReply | Promise<ShopReply>;
  now: () => number;
}): Promise<ShopifyStandIn> {
  const { shop, app, now } = options;
  const orders = new Map<string, Json>();
  const stock = new Map<string, number>();
  const subscriptions = new Map<string, Subscription>();
  const outbox = new Outbox();
  let last = options.lastId ?? 9_000_000_000_000;

  const send = async (subscription: Subscription, topic: string, payload: Json): Promise<number> => {
    const fields = subscription.includeFields;
    const kept = Object.entries(payload).filter(([name]) => fields.length === 0 || fields.includes(name));
    const body = JSON.stringify(Object.fromEntries(kept));
    const status = await sendShopifyOrder({
      url: subscription.uri,
      secret: app().clientSecret,
      shop,
      topic,
      body,
    }).then(
      (answer) => answer.status,
      () => 0,
    );
    subscription.failures = status >= 200 && status < 300 ? 0 : subscription.failures + 1;
    if (subscription.failures >= MOST_FAILURES) subscriptions.delete(subscription.id);
    return status;
  };
  const tell = async (topic: string, payload: Json): Promise<number[]> => {
    const name = topic.replace('/', '_').toUpperCase();
    const answers: number[] = [];
    for (const subscription of [...subscriptions.values()].filter((each) => each.topic === name)) {
      answers.push(...(await outbox.deliver(() => send(subscription, topic, payload))));
    }
    return answers;
  };
  const restock = (sku: string, available: number): Promise<number[]> => {
    stock.set(sku, available);
    const at = new Date(now()).toISOString();
    const level = {
      inventory_item_id: 1 + [...stock.keys()].indexOf(sku),
      location_id: 1,
      available,
      updated_at: at,
    };
    return tell('inventory_levels/update', level);
  };
  const touched = (order: Json): Json => Object.assign(order, { updated_at: new Date(now()).toISOString() });

  const fields: Record<string, (variables: Json) => unknown> = {
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
      const id = `gid://shopify/WebhookSubscription/${++last}`;
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
        id: ++last,
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
      const made = madeShopifyOrder(order, ++last, now());
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

  const graphql = (call: ShopCall): ShopReply => {
    if (call.headers['x-shopify-access-token'] !== standing.token) {
      return {
        status: 401,
        body: { errors: '[API] Invalid API key or access token (unrecognized login or wrong password)' },
      };
    }
    const { query = '', variables = {} } = (call.json ?? {}) as { query?: string; variables?: Json };
    const [, alias, field = ''] = /^\{\s*(?:(\w+)\s*:\s*)?(\w+)/.exec(query.slice(query.indexOf('{'))) ?? [];
    const throttleStatus = { maximumAvailable: 2000, currentlyAvailable: standing.bucket, restoreRate: 100 };
    const extensions = { cost: { requestedQueryCost: COST, throttleStatus } };
    if (standing.bucket < COST) {
      const errors = [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }];
      return { status: 200, body: { errors, extensions } };
    }
    const answer = fields[field];
    if (answer === undefined) {
      const errors = [{ message: `Field '${field}' doesn't exist`, extensions: { code: 'undefinedField' } }];
      return { status: 200, body: { errors } };
    }
    return { status: 200, body: { data: { [alias ?? field]: answer(variables) }, extensions } };
  };
  const codes = new Set<string>();
  const oauth = ({ json }: ShopCall): ShopReply => {
    const { clientId, clientSecret } = app();
    const known = json?.client_id === clientId && json?.client_secret === clientSecret;
    if (!known || !codes.delete(String(json?.code)))
      return { status: 400, body: { error: 'invalid_request' } };
    return {
      status: 200,
      body: { access_token: standing.token, scope: 'read_orders,write_fulfillments,write_inventory' },
    };
  };

  const standIn = await startStandIn(
    (call) => {
      if (call.path === '/admin/oauth/access_token') return oauth(call);
      if (/^\/admin\/api\/[\w-]+\/graphql\.json$/.test(call.path)) return graphql(call);
      return { status: 404, body: { errors: 'Not Found' } };
    },
    options.port,
    options.control,
  );

  const standing: ShopifyStandIn = {
    ...standIn,
    ...{ shop, orders, stock, subscriptions, outbox, tell, restock },
    token: options.token,
    bucket: 2000,
    place: (order) => {
      orders.set(String(order['id']), order);
      return tell('orders/create', order);
    },
    change: (id, change) => {
      const order = orders.get(String(id)) ?? {};
      const updated_at = new Date(Date.parse(order['updated_at']) + 1000).toISOString();
      return tell('orders/updated', Object.assign(order, { updated_at }, change));
    },
    consent: (state, client, code = `code-${++last}`) => {
      codes.add(code);
      const query: Record<string, string> = {
        ...{ code, host: Buffer.from(`${shop}/admin`).toString('base64'), shop, state },
        timestamp: String(Math.floor(now() / 1000)),
      };
      const sorted = new URLSearchParams(query);
      sorted.sort();
      const text = sorted.toString();
      const secret = client === app().clientId ? app().clientSecret : 'of another app';
      const hmac = createHmac('sha256', secret).update(text).digest('hex');
      return new URLSearchParams({ ...query, hmac });
    },
  };
  return standing;
}

function wrong(field: string): Json {
  return { field: [field], message: 'is invalid' };
}

function money(amount: unknown): Json {
  return { shopMoney: { amount: typeof amount === 'string' ? amount : '0.00' } };
}

function remaining(order: Json, lineId: number): number {
  const shipped = (order['fulfillments'] as Json[])
    .flatMap((each) => each['line_items'] as Json[])
    .filter(({ id }) => id === lineId)
    .reduce((sum, { quantity }) => sum + Number(quantity), 0);
  const line = (order['line_items'] as Json[]).find(({ id }) => id === lineId);
  return Number(line?.['current_quantity'] ?? 0) - shipped;
}

function lineNode(line: Json): Json {
  return {
    id: `gid://shopify/LineItem/${line['id']}`,
    sku: line['sku'],
    title: line['title'],
    variantTitle: line['variant_title'],
    quantity: line['quantity'],
    currentQuantity: line['current_quantity'],
    requiresShipping: line['requires_shipping'],
    variant: { legacyResourceId: String(line['variant_id']) },
    originalUnitPriceSet: money(line['price']),
    originalTotalSet: money((Number(line['price']) * Number(line['quantity'])).toFixed(2)),
  };
}

/** All that may be asked for of an order; a caller takes what it named. */
function orderNode(order: Json): Json {
  const to = order['shipping_address'] as Json | null;
  const lines = order['line_items'] as Json[];
  return {
    id: `gid://shopify/Order/${order['id']}`,
    legacyResourceId: String(order['id']),
    name: order['name'],
    sourceIdentifier: order['source_identifier'] ?? null,
    currencyCode: order['currency'],
    displayFinancialStatus: String(order['financial_status']).toUpperCase(),
    cancelledAt: order['cancelled_at'],
    updatedAt: order['updated_at'],
    totalShippingPriceSet: money(order['total_shipping_price_set']?.shop_money.amount),
    totalTaxSet: money(order['total_tax']),
    totalDiscountsSet: money(order['total_discounts']),
    totalPriceSet: money(order['total_price']),
    shippingAddress: to && {
      ...{ firstName: to['first_name'], lastName: to['last_name'], name: to['name'] },
      ...{ address1: to['address1'], address2: to['address2'], city: to['city'], zip: to['zip'] },
      ...{ province: to['province'], countryCodeV2: to['country_code'] },
    },
    shippingLine: order['shipping_lines']?.[0] ?? null,
    customAttributes: ((order['note_attributes'] ?? []) as Json[]).map(({ name, value }) => ({
      key: name,
      value,
    })),
    lineItems: { nodes: lines.map(lineNode), pageInfo: { hasNextPage: false, endCursor: null } },
    fulfillments: (order['fulfillments'] as Json[]).map((made) => ({
      id: `gid://shopify/Fulfillment/${made['id']}`,
      status: String(made['status']).toUpperCase(),
      trackingInfo: ((made['tracking_numbers'] ?? []) as string[]).map((number, place) => ({
        number,
        company: made['tracking_company'] ?? null,
        url: made['tracking_urls']?.[place] ?? null,
      })),
      fulfillmentLineItems: {
        nodes: (made['line_items'] as Json[]).map(({ id, quantity }) => ({
          quantity,
          lineItem: lineNode(lines.find((line) => line['id'] === id) ?? {}),
        })),
      },
    })),
    fulfillmentOrders: {
      nodes: [
        {
          id: `gid://shopify/FulfillmentOrder/${order['id']}`,
          status: order['cancelled_at'] === null ? 'OPEN' : 'CANCELLED',
          lineItems: {
            nodes: lines.map((line) => ({
              id: `gid://shopify/FulfillmentOrderLineItem/${line['id']}`,
              remainingQuantity: remaining(order, Number(line['id'])),
              lineItem: lineNode(line),
            })),
          },
        },
      ],
    },
  };
}

function variantNode(sku: string, quantity = 0): Json {
  const item = {
    id: `gid://shopify/InventoryItem/${encodeURIComponent(sku)}`,
    tracked: true,
    inventoryLevels: {
      nodes: [{ location: { id: 'gid://shopify/Location/1' }, quantities: [{ quantity }] }],
    },
  };
  return {
    ...{ id: `gid://shopify/ProductVariant/${encodeURIComponent(sku)}`, sku, inventoryItem: item },
    ...{ title: 'Default Title', price: '199.00', barcode: null },
    product: { title: `Sample ${sku}`, status: 'ACTIVE', hasOnlyDefaultVariant: true },
  };
}

function tracking(given: Json | undefined): Json {
  return {
    tracking_company: given?.['company'] ?? null,
    tracking_numbers: given?.['numbers'] ?? [],
    tracking_urls: given?.['urls'] ?? [],
  };
}

function pageOf(all: Json[], first: number, after: unknown): Json {
  const from = typeof after === 'string' ? Number(after) : 0;
  const to = from + first;
  return { nodes: all.slice(from, to), pageInfo: { hasNextPage: to < all.length, endCursor: String(to) } };
}
