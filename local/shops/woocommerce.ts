/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access,
   @typescript-eslint/no-unsafe-argument -- A shop takes whatever JSON comes, and looks at what it needs of it. */
import { createHash, createHmac } from 'node:crypto';
import { madeWooCommerceOrder } from './made-orders.ts';
import { gmt } from './sample-woocommerce-order.ts';
import { listedOrders, pageOf } from './woocommerce-list.ts';
import { Outbox, type ShopCall, type ShopReply, type StandIn, startStandIn } from './stand-in.ts';

interface Webhook {
  id: number;
  name: string;
  status: string;
  topic: string;
  delivery_url: string;
  secret: string;
  failures: number;
}

type Json = Record<string, unknown>;

/** A WooCommerce shop: REST API v3 as far as it is called, and the webhooks that were made there. */
export interface WooCommerceStandIn extends StandIn {
  readonly consumerKey: string;
  readonly consumerSecret: string;
  readonly orders: Map<number, Json>;
  readonly products: Map<number, Json>;
  readonly notes: { orderId: number; note: string }[];
  readonly webhooks: Map<number, Webhook>;
  readonly outbox: Outbox;
  /** Puts an order into the shop and sends its event; answers what the deliveries were answered with. */
  place(order: Json): Promise<number[]>;
  /** Changes an order as staff would, a second later, and sends the event. */
  change(id: number, change: Json): Promise<number[]>;
  remove(id: number): Promise<number[]>;
  /** Takes an order out of the trash. */
  restore(order: Json): Promise<number[]>;
  /** Staff count a product, which the shop sells already. */
  restock(sku: string, available: number): Promise<number[]>;
}

/** Of whoever keeps the site, since WooCommerce has no limit of its own. */
const THROTTLED: ShopReply = { status: 429, headers: { 'Retry-After': '30' } };
/** After which failure in a row WooCommerce disables a webhook: the one past five. */
const MOST_FAILURES = 5;
const ERRORS = {
  key: error(401, 'woocommerce_rest_cannot_view', 'Sorry, you cannot list resources.'),
  order: error(404, 'woocommerce_rest_shop_order_invalid_id', 'Invalid ID.'),
  product: error(404, 'woocommerce_rest_product_invalid_id', 'Invalid ID.'),
  webhook: error(404, 'woocommerce_rest_shop_webhook_invalid_id', 'Invalid ID.'),
  route: error(404, 'rest_no_route', 'No route was found matching the URL and request method.'),
  url: error(400, 'woocommerce_rest_invalid_webhook_delivery_url', 'Invalid delivery URL.'),
};

function error(status: number, code: string, message: string): ShopReply {
  return { status, body: { code, message, data: { status } } };
}

export async function startWooCommerce(options: {
  consumerKey: string;
  consumerSecret: string;
  port?: number;
  /** Whatever it makes has a higher id than this. */
  lastId?: number;
  control?: (call: ShopCall) => ShopReply | Promise<ShopReply>;
  now: () => number;
}): Promise<WooCommerceStandIn> {
  const { consumerKey, consumerSecret, now } = options;
  const orders = new Map<number, Json>();
  const products = new Map<number, Json>();
  const notes: WooCommerceStandIn['notes'] = [];
  const webhooks = new Map<number, Webhook>();
  const outbox = new Outbox();
  let last = options.lastId ?? 1000;

  const send = async (webhook: Webhook, body: string): Promise<number> => {
    const [resource = '', event = ''] = webhook.topic.split('.');
    const status = await fetch(webhook.delivery_url, {
      method: 'POST',
      body,
      headers: wooCommerceHeadersOf({ ...webhook, resource, event, body, now: now() }),
    }).then(
      (answer) => answer.status,
      () => 0,
    );
    // It never tries again; it only counts.
    webhook.failures = status >= 200 && status < 300 ? 0 : webhook.failures + 1;
    if (webhook.failures > MOST_FAILURES) webhook.status = 'disabled';
    return status;
  };
  const tell = async (topic: string, payload: Json): Promise<number[]> => {
    const body = JSON.stringify(payload);
    const answers: number[] = [];
    for (const webhook of webhooks.values()) {
      if (webhook.topic !== topic || webhook.status !== 'active') continue;
      answers.push(...(await outbox.deliver(() => send(webhook, body))));
    }
    return answers;
  };
  /** Unsigned, as a form; a webhook whose address does not answer 200 is not made. */
  const ping = async (url: string, id: number): Promise<boolean> => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const answer = await fetch(url, { method: 'POST', body: `webhook_id=${id}`, headers }).catch(() => null);
    return answer?.status === 200;
  };

  const ordersApi = async (call: ShopCall, id: number | undefined, rest: string[]): Promise<ShopReply> => {
    const { method } = call;
    if (id === undefined && method === 'GET') return listedOrders(orders.values(), call.query);
    if (id === undefined && method === 'POST') {
      const made = madeWooCommerceOrder(call.json, ++last, now(), products);
      orders.set(last, made);
      reduceStock(made);
      await tell('order.created', made);
      return { status: 201, body: made };
    }
    const order = orders.get(id ?? 0);
    if (order === undefined) return ERRORS.order;
    if (rest[0] === 'notes' && method === 'POST') {
      notes.push({ orderId: id ?? 0, note: String(call.json?.note ?? '') });
      return { status: 201, body: { id: notes.length, note: call.json?.note, customer_note: false } };
    }
    if (rest[0] === 'notes') {
      return { status: 200, body: notes.filter((note) => note.orderId === id).map(({ note }) => ({ note })) };
    }
    if (method === 'GET') return { status: 200, body: order };
    if (method !== 'PUT' && method !== 'POST') return ERRORS.route;
    const changed = { ...order, ...call.json, ...mergedMeta(order, call.json), ...modified() };
    orders.set(id ?? 0, changed);
    await tell('order.updated', changed);
    return { status: 200, body: changed };
  };
  /** What is counted gets less by what an order takes, however it was made. */
  const reduceStock = ({ line_items: items }: Json): void => {
    for (const { product_id: of, variation_id: one, quantity } of items as Record<string, number>[]) {
      const product = products.get(one || of || 0);
      const there = product?.['stock_quantity'];
      if (product?.['manage_stock'] !== true || typeof there !== 'number') continue;
      void tell(
        'product.updated',
        Object.assign(product, { stock_quantity: there - (quantity ?? 0) }, modified()),
      );
    }
  };
  const modified = (): Json => ({ date_modified_gmt: gmt(now()), date_modified: gmt(now()) });

  const productsApi = (call: ShopCall, id: number | undefined): ShopReply => {
    if (id === undefined) {
      const sku = call.query.get('sku');
      const found = [...products.values()].filter((product) =>
        sku === null ? product['type'] !== 'variation' : sku.split(',').includes(String(product['sku'])),
      );
      return pageOf(found, call.query);
    }
    const product = products.get(id);
    if (product === undefined) return ERRORS.product;
    if (call.method === 'PUT') void tell('product.updated', Object.assign(product, call.json, modified()));
    return { status: 200, body: product };
  };

  const webhooksApi = async (call: ShopCall, id: number | undefined): Promise<ShopReply> => {
    const { method, json } = call;
    if (id === undefined && method === 'GET') {
      return pageOf([...webhooks.values()].map(shownWebhook), call.query);
    }
    if (id === undefined && method === 'POST') {
      const webhook: Webhook = { name: '', secret: '', status: 'active', ...json, id: ++last, failures: 0 };
      if (!(await ping(webhook.delivery_url, webhook.id))) return ERRORS.url;
      webhooks.set(webhook.id, webhook);
      return { status: 201, body: shownWebhook(webhook) };
    }
    const webhook = webhooks.get(id ?? 0);
    if (webhook === undefined) return ERRORS.webhook;
    if (method === 'PUT') {
      if (json?.status === 'active') webhook.failures = 0;
      Object.assign(webhook, json);
    }
    if (method === 'DELETE') webhooks.delete(webhook.id);
    return { status: 200, body: shownWebhook(webhook) };
  };

  const expected = `Basic ${Buffer.from(`${consumerKey}:${consumerSecret}`).toString('base64')}`;
  const standIn = await startStandIn(
    async (call) => {
      const [resource, id, ...rest] = call.path.replace(/^.*\/wp-json\/wc\/v3\//, '').split('/');
      if (!call.path.includes('/wp-json/wc/v3/')) return ERRORS.route;
      if (call.headers.authorization !== expected) return ERRORS.key;
      const number = id === undefined || id === '' ? undefined : Number(id);
      if (resource === 'orders') return ordersApi(call, number, rest);
      if (resource === 'settings') return { status: 200, body: { id: 'woocommerce_currency', value: 'USD' } };
      if (resource === 'products' && rest[0] === 'variations' && rest[1] === undefined) {
        const found = [...products.values()].filter((each) => each['parent_id'] === number);
        return pageOf(found, call.query);
      }
      if (resource === 'products')
        return productsApi(call, rest[0] === 'variations' ? Number(rest[1]) : number);
      if (resource === 'webhooks') return webhooksApi(call, number);
      return ERRORS.route;
    },
    { port: options.port, control: options.control, throttled: THROTTLED },
  );

  return {
    ...standIn,
    ...{ consumerKey, consumerSecret, orders, products, notes, webhooks, outbox },
    place: (order) => {
      orders.set(Number(order['id']), order);
      return tell('order.created', order);
    },
    change: (id, change) => {
      const order = orders.get(id) ?? {};
      const at = Date.parse(`${String(order['date_modified_gmt'])}Z`) + 1000;
      const changed = { ...order, date_modified_gmt: gmt(at), date_modified: gmt(at), ...change };
      orders.set(id, changed);
      return tell('order.updated', changed);
    },
    remove: (id) => {
      orders.delete(id);
      return tell('order.deleted', { id });
    },
    restore: (order) => {
      const restored = { ...order, ...modified() };
      orders.set(Number(order['id']), restored);
      return tell('order.restored', restored);
    },
    restock: (sku, available) => {
      const product = [...products.values()].find((each) => each['sku'] === sku) ?? {};
      return tell('product.updated', Object.assign(product, { stock_quantity: available }, modified()));
    },
  };
}

/** The secret is never shown again. */
function shownWebhook({ secret: _secret, failures: _failures, ...shown }: Webhook): Json {
  return shown;
}

/** What an update names of the meta data is added or replaced by its key; the rest stays. */
function mergedMeta(order: Json, change: Json): Json {
  const given = change['meta_data'] as { key: string }[] | undefined;
  if (given === undefined) return {};
  const kept = (order['meta_data'] as { key: string }[] | undefined) ?? [];
  return { meta_data: [...kept.filter(({ key }) => !given.some((each) => each.key === key)), ...given] };
}

/**
 * The headers of a delivery. Its delivery id is made of the webhook and the second alone, so that two orders of one
 * second share it. https://github.com/woocommerce/woocommerce: `WC_Webhook::get_new_delivery_id`.
 */
export function wooCommerceHeadersOf(delivery: {
  id: number;
  topic: string;
  resource: string;
  event: string;
  secret: string;
  body: string;
  now: number;
}): Record<string, string> {
  const second = Math.floor(delivery.now / 1000);
  return {
    'Content-Type': 'application/json',
    'User-Agent': 'WooCommerce/10.3.5 Hookshot (WordPress/6.9)',
    'X-WC-Webhook-Source': 'https://woo.example.com/',
    'X-WC-Webhook-Topic': delivery.topic,
    'X-WC-Webhook-Resource': delivery.resource,
    'X-WC-Webhook-Event': delivery.event,
    'X-WC-Webhook-ID': String(delivery.id),
    'X-WC-Webhook-Delivery-ID': createHash('md5').update(`${delivery.id}${second}`).digest('hex'),
    'X-WC-Webhook-Signature': createHmac('sha256', delivery.secret).update(delivery.body).digest('base64'),
  };
}
