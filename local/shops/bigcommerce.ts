/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access,
   @typescript-eslint/no-unsafe-argument -- A shop takes whatever JSON comes, and looks at what it needs of it. */
import { createHash } from 'node:crypto';
import { madeBigCommerceOrder } from './made-orders.ts';
import { type BigCommerceOrder, mailDate } from './sample-bigcommerce-order.ts';
import { standardHeaders } from './standard.ts';
import { Outbox, type ShopCall, type ShopReply, type StandIn, startStandIn } from './stand-in.ts';

interface Hook {
  id: number;
  scope: string;
  destination: string;
  is_active: boolean;
}
type Json = Record<string, unknown>;

/** A BigCommerce store: the parts of its V2 and V3 APIs that are called, and the webhooks that were made there. */
export interface BigCommerceStandIn extends StandIn {
  readonly storeHash: string;
  readonly token: string;
  readonly clientSecret: string;
  readonly orders: Map<number, BigCommerceOrder>;
  readonly shipments: Map<number, Json[]>;
  /** How many can be sold, by SKU. */
  readonly stock: Map<string, number>;
  readonly hooks: Map<number, Hook>;
  readonly outbox: Outbox;
  place(order: BigCommerceOrder): Promise<number[]>;
  /** Staff count a SKU. */
  restock(sku: string, available: number): Promise<number[]>;
  change(id: number, change: Json): Promise<number[]>;
  /** Sends the thin event of an order again, as BigCommerce does when it is not sure. */
  repeat(id: number, scope?: string): Promise<number[]>;
}

const REFERENCE = 'https://developer.bigcommerce.com/api-docs/errors';
const REFUSED: ShopReply = { status: 401, body: { status: 401, title: 'Unauthorized', type: REFERENCE } };
const MISSING: ShopReply = {
  status: 404,
  body: [{ status: 404, message: 'The requested resource was not found.' }],
};
const WINDOW = '30000';
const THROTTLED: ShopReply = {
  status: 429,
  body: { status: 429, title: 'Too many requests', type: REFERENCE },
  headers: { 'X-Rate-Limit-Requests-Left': '0', 'X-Rate-Limit-Time-Reset-Ms': WINDOW },
};
const FIRST_VARIANT = 80;
const WRONG: ShopReply = { status: 422, body: { status: 422, title: 'JSON data is missing or invalid' } };

export async function startBigCommerce(options: {
  storeHash: string;
  token: string;
  clientSecret: string;
  port?: number;
  /** Whatever it makes has a higher id than this. */
  lastId?: number;
  control?: (call: ShopCall) => ShopReply | Promise<ShopReply>;
  now: () => number;
}): Promise<BigCommerceStandIn> {
  const { storeHash, token, clientSecret, now } = options;
  const orders = new Map<number, BigCommerceOrder>();
  const shipments = new Map<number, Json[]>();
  const stock = new Map<string, number>();
  const hooks = new Map<number, Hook>();
  const outbox = new Outbox();
  let last = options.lastId ?? 1000;
  const limits = { requests: 150, left: 150 };

  const send = async (hook: Hook, body: string): Promise<number> => {
    const headers = standardHeaders({
      body,
      at: now(),
      secrets: [`whsec_${Buffer.from(clientSecret).toString('base64')}`],
    });
    return fetch(hook.destination, { method: 'POST', body, headers }).then(
      (answer) => answer.status,
      () => 0,
    );
  };
  const tell = async (scope: string, data: Json): Promise<number[]> => {
    const at = Math.floor(now() / 1000);
    const hash = createHash('sha1').update(JSON.stringify({ scope, data, at })).digest('hex');
    const event = { scope, store_id: '1025646', data, hash, created_at: at, producer: `stores/${storeHash}` };
    const answers: number[] = [];
    for (const hook of hooks.values()) {
      const [, resource] = scope.split('/');
      if (!hook.is_active || (hook.scope !== scope && hook.scope !== `store/${resource}/*`)) continue;
      answers.push(...(await outbox.deliver(() => send(hook, JSON.stringify(event)))));
    }
    return answers;
  };

  const restock = (sku: string, available: number): Promise<number[]> => {
    stock.set(sku, available);
    const id = 77 + [...stock.keys()].indexOf(sku);
    const inventory = { product_id: id, method: 'absolute', value: available };
    return tell('store/product/inventory/updated', { type: 'product', id, inventory });
  };

  const ordersApi = async (call: ShopCall, id: number | undefined, part?: string): Promise<ShopReply> => {
    if (id === undefined && call.method === 'POST') return create(call);
    if (id === undefined) {
      const since = Date.parse(call.query.get('min_date_modified') ?? '1970-01-01T00:00:00Z');
      const found = [...orders.values()]
        .map(({ order }) => order)
        .filter((order) => Date.parse(String(order['date_modified'])) >= Math.floor(since / 1000) * 1000)
        .filter((order) => {
          const externalId = call.query.get('external_order_id');
          return externalId === null || order['external_order_id'] === externalId;
        });
      const shown = page(found, call);
      return shown.length === 0 ? { status: 204 } : { status: 200, body: shown };
    }
    const known = orders.get(id);
    if (known === undefined) return MISSING;
    if (part === 'products') return listed(page(known.products, call));
    if (part === 'shipping_addresses') return listed(page(known.addresses, call));
    if (part === 'shipments' && call.method === 'POST') return ship(id, known, call);
    if (part === 'shipments' && call.method === 'PUT') return correct(id, call);
    if (part === 'shipments') return listed(shipments.get(id) ?? []);
    if (call.method === 'GET') return { status: 200, body: known.order };
    Object.assign(known.order, call.json, { date_modified: mailDate(now()) });
    await tell('store/order/updated', { type: 'order', id });
    return { status: 200, body: known.order };
  };
  const create = async ({ json }: ShopCall): Promise<ShopReply> => {
    if (!Array.isArray(json?.products)) return WRONG;
    const id = ++last;
    const made = madeBigCommerceOrder(json, id, now());
    orders.set(id, made);
    await tell('store/order/created', { type: 'order', id });
    return { status: 201, body: made.order };
  };
  const ship = async (id: number, known: BigCommerceOrder, { json }: ShopCall): Promise<ShopReply> => {
    const items = (json?.items ?? []) as { order_product_id: number; quantity: number }[];
    const shipped = new Map<Json, number>();
    for (const { order_product_id: line, quantity } of items) {
      const product = known.products.find((each) => each['id'] === line);
      if (product === undefined) return WRONG;
      const sum = (shipped.get(product) ?? Number(product['quantity_shipped'])) + quantity;
      if (!(sum <= Number(product['quantity']))) return WRONG;
      shipped.set(product, sum);
    }
    for (const [product, sum] of shipped) product['quantity_shipped'] = sum;
    const shipment = { ...json, id: ++last, order_id: id };
    shipments.set(id, [...(shipments.get(id) ?? []), shipment]);
    const all = known.products.every((each) => each['quantity_shipped'] === each['quantity']);
    Object.assign(known.order, { status_id: all ? 2 : 3, date_modified: mailDate(now()) });
    await tell('store/shipment/created', { type: 'shipment', id: last, orderId: id });
    return { status: 201, body: shipment };
  };

  const correct = async (id: number, { path, json }: ShopCall): Promise<ShopReply> => {
    const shipment = shipments.get(id)?.find((each) => path.endsWith(`/${String(each['id'])}`));
    if (shipment === undefined) return MISSING;
    Object.assign(shipment, json);
    Object.assign(orders.get(id)?.order ?? {}, { date_modified: mailDate(now()) });
    await tell('store/shipment/updated', { type: 'shipment', id: shipment['id'], orderId: id });
    return { status: 200, body: shipment };
  };

  const hooksApi = ({ method, json }: ShopCall, id: number | undefined): ShopReply => {
    if (id === undefined && method === 'GET')
      return { status: 200, body: { data: [...hooks.values()], meta: {} } };
    if (id === undefined) {
      if (!String(json?.destination ?? '').startsWith('http')) return WRONG;
      const hook: Hook = { is_active: true, ...json, id: ++last };
      hooks.set(hook.id, hook);
      return { status: 200, body: { data: hook, meta: {} } };
    }
    const hook = hooks.get(id);
    if (hook === undefined) return MISSING;
    if (method === 'PUT') Object.assign(hook, json);
    if (method === 'DELETE') hooks.delete(id);
    return { status: 200, body: { data: hook, meta: {} } };
  };

  const catalogApi = (call: ShopCall, rest: string[]): ShopReply => {
    if (rest[0] === 'variants' || rest[0] === 'products') {
      const sku = call.query.get('sku');
      const all = [...stock.entries()].map(([each, level], place) => ({
        ...{
          id: FIRST_VARIANT + place,
          product_id: 77 + place,
          sku: each,
          name: each,
          price: 199,
          inventory_level: level,
          inventory_tracking: 'product',
          variants: [{ id: FIRST_VARIANT + place, sku: each, price: null, inventory_level: level }],
        },
      }));
      const data = all.filter((each) => sku === null || each.sku === sku);
      return { status: 200, body: { data, meta: {} } };
    }
    return MISSING;
  };
  const inventoryApi = (call: ShopCall): ShopReply => {
    const items = (call.json?.items ?? []) as { location_id: number; variant_id: number; quantity: number }[];
    const skus = [...stock.keys()];
    const known = items.map((item) =>
      item.location_id === 1 ? skus[item.variant_id - FIRST_VARIANT] : undefined,
    );
    if (items.length === 0 || known.includes(undefined)) return WRONG;
    items.forEach(({ quantity }, place) => void restock(known[place] ?? '', quantity));
    return { status: 200, body: { transaction_id: `t${++last}` } };
  };

  const standIn = await startStandIn(
    async (call) => {
      const [version, resource, id, ...rest] = call.path.replace(`/stores/${storeHash}/`, '').split('/');
      if (!call.path.startsWith(`/stores/${storeHash}/`)) return MISSING;
      if (call.headers['x-auth-token'] !== token) return REFUSED;
      limits.left = limits.left <= 1 ? limits.requests : limits.left - 1;
      const reply = await (async (): Promise<ShopReply> => {
        const number = id === undefined || id === '' ? undefined : Number(id);
        if (version === 'v2' && resource === 'orders') return ordersApi(call, number, rest[0]);
        if (version === 'v3' && resource === 'hooks') return hooksApi(call, number);
        if (version === 'v3' && resource === 'catalog') return catalogApi(call, [id ?? '', ...rest]);
        if (version === 'v3' && resource === 'inventory') return inventoryApi(call);
        if (version === 'v2' && resource === 'store')
          return { status: 200, body: { id: storeHash, currency: 'USD' } };
        return MISSING;
      })();
      return {
        ...reply,
        headers: {
          'X-Rate-Limit-Requests-Left': String(limits.left),
          'X-Rate-Limit-Requests-Quota': String(limits.requests),
          'X-Rate-Limit-Time-Reset-Ms': WINDOW,
          'X-Rate-Limit-Time-Window-Ms': WINDOW,
          ...reply.headers,
        },
      };
    },
    { port: options.port, control: options.control, throttled: THROTTLED },
  );

  return {
    ...standIn,
    ...{ storeHash, token, clientSecret, orders, shipments, stock, hooks, outbox, restock },
    place: (order) => {
      orders.set(Number(order.order['id']), order);
      return tell('store/order/created', { type: 'order', id: order.order['id'] });
    },
    change: (id, change) => {
      const known = orders.get(id);
      const at = Date.parse(String(known?.order['date_modified'])) + 1000;
      Object.assign(known?.order ?? {}, { date_modified: mailDate(at) }, change);
      return tell('store/order/updated', { type: 'order', id });
    },
    repeat: (id, scope = 'store/order/updated') => tell(scope, { type: 'order', id }),
  };
}

function page<T>(all: T[], { query }: ShopCall): T[] {
  const size = Number(query.get('limit') ?? 50);
  const from = (Number(query.get('page') ?? 1) - 1) * size;
  return all.slice(from, from + size);
}

function listed(found: Json[]): ShopReply {
  return found.length === 0 ? { status: 204 } : { status: 200, body: found };
}
