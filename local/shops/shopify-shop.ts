/* eslint-disable @typescript-eslint/no-unsafe-member-access,
   @typescript-eslint/no-unsafe-argument -- A shop takes whatever JSON comes, and looks at what it needs of it. */
import { createHmac } from 'node:crypto';
import { fieldsOf, type Subscription } from './shopify-fields.ts';
import type { Json } from './shopify-nodes.ts';
import { sendShopifyOrder, SHOPIFY_VERSION } from './shopify.ts';
import { Outbox, type ShopCall, type ShopReply, type StandIn, startStandIn } from './stand-in.ts';

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
  /** Sends any topic as the app's webhooks are sent, to one address. `at`: when it came to be, in milliseconds. */
  tell(topic: string, payload: Json, at?: number): Promise<number[]>;
  /** Of the query that an app asks with, what the merchant's browser brings back after it agreed: that of the callback. */
  consent(asked: URLSearchParams): URLSearchParams;
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

  const send = async (
    subscription: Subscription,
    topic: string,
    payload: Json,
    at: number,
  ): Promise<number> => {
    const fields = subscription.includeFields;
    const kept = Object.entries(payload).filter(([name]) => fields.length === 0 || fields.includes(name));
    const body = JSON.stringify(Object.fromEntries(kept));
    const status = await sendShopifyOrder({
      url: subscription.uri,
      secret: app().clientSecret,
      shop,
      topic,
      body,
      at,
    }).then(
      (answer) => answer.status,
      () => 0,
    );
    subscription.failures = status >= 200 && status < 300 ? 0 : subscription.failures + 1;
    if (subscription.failures >= MOST_FAILURES) subscriptions.delete(subscription.id);
    return status;
  };
  const tell = async (topic: string, payload: Json, at = now()): Promise<number[]> => {
    const name = topic.replace('/', '_').toUpperCase();
    const answers: number[] = [];
    for (const subscription of [...subscriptions.values()].filter((each) => each.topic === name)) {
      answers.push(...(await outbox.deliver(() => send(subscription, topic, payload, at))));
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
  const fields = fieldsOf({ orders, stock, subscriptions, tell, restock, now, nextId: () => ++last });
  const graphql = (call: ShopCall): ShopReply => {
    if (call.headers['x-shopify-access-token'] !== standing.token) {
      return {
        status: 401,
        body: { errors: '[API] Invalid API key or access token (unrecognized login or wrong password)' },
      };
    }
    const { query = '', variables = {} } = (call.json ?? {}) as { query?: string; variables?: Json };
    const [, alias, field = ''] = /^\{\s*(?:(\w+)\s*:\s*)?(\w+)/.exec(query.slice(query.indexOf('{'))) ?? [];
    if (standing.bucket < COST) return throttledBy(COST, standing.bucket);
    const answer = fields[field];
    if (answer === undefined) {
      const errors = [{ message: `Field '${field}' doesn't exist`, extensions: { code: 'undefinedField' } }];
      return { status: 200, body: { errors } };
    }
    const extensions = costOf(COST, standing.bucket);
    return { status: 200, body: { data: { [alias ?? field]: answer(variables) }, extensions } };
  };
  /** What was agreed to, by the code that stands for it once. */
  const codes = new Map<string, string[]>();
  const oauth = ({ json }: ShopCall): ShopReply => {
    const { clientId, clientSecret } = app();
    const code = String(json?.code);
    const scopes = codes.get(code);
    if (json?.client_id !== clientId || json?.client_secret !== clientSecret || scopes === undefined)
      return { status: 400, body: { error: 'invalid_request' } };
    codes.delete(code);
    // Who may write may read, which Shopify then leaves out.
    const told = scopes.filter(
      (scope) => !scopes.includes(scope.replace(/^read_/, 'write_')) || scope.startsWith('write_'),
    );
    return { status: 200, body: { access_token: standing.token, scope: told.join(',') } };
  };

  const standIn = await startStandIn(
    (call) => {
      if (call.path === '/admin/oauth/access_token') return oauth(call);
      if (call.path === `/admin/api/${SHOPIFY_VERSION}/graphql.json`) return graphql(call);
      return { status: 404, body: { errors: 'Not Found' } };
    },
    { port: options.port, control: options.control, throttled: throttledBy(1000, 0) },
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
    consent: (asked) => {
      const code = `code-${++last}`;
      codes.set(code, (asked.get('scope') ?? '').split(','));
      const state = asked.get('state') ?? '';
      const query: Record<string, string> = {
        ...{ code, host: Buffer.from(`${shop}/admin`).toString('base64'), shop, state },
        timestamp: String(Math.floor(now() / 1000)),
      };
      const sorted = new URLSearchParams(query);
      sorted.sort();
      const text = sorted.toString();
      const secret = asked.get('client_id') === app().clientId ? app().clientSecret : 'of another app';
      const hmac = createHmac('sha256', secret).update(text).digest('hex');
      return new URLSearchParams({ ...query, hmac });
    },
  };
  return standing;
}

function costOf(requestedQueryCost: number, currentlyAvailable: number): Json {
  const throttleStatus = { maximumAvailable: 2000, currentlyAvailable, restoreRate: 100 };
  return { cost: { requestedQueryCost, throttleStatus } };
}

/** The answer to a query that costs more than the bucket holds: a success with an error in it. */
function throttledBy(cost: number, bucket: number): ShopReply {
  const errors = [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }];
  return { status: 200, body: { errors, extensions: costOf(cost, bucket) } };
}
