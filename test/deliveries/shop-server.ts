import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What a shop does with the next call instead of answering it as it should. `lost` does the work and cuts the
 * connection; `drop` cuts it before; a number is answered without any work.
 */
export type Misbehaviour = 'drop' | 'lost' | 'throttled' | number;

export interface SoldLine {
  sku: string;
  quantity: number;
}
interface Shipped {
  id: number;
  lines: SoldLine[];
  numbers: string[];
  carrier: string;
  comments: string;
}
export interface MadeOrder {
  id: number;
  marker: string;
  body: object;
}
interface Answer {
  status: number;
  headers?: Record<string, string>;
  json?: unknown;
}
interface Tracking {
  numbers: string[];
  company?: string;
}
/** Members of WooCommerce's tracking items that are looked at. */
interface Item {
  tracking_id: string;
  tracking_number: string;
  custom_tracking_provider: string;
}
/** Whatever one of the platforms' APIs is sent; a test that sends less fails at the shop. */
interface Sent {
  query: string;
  variables: {
    id: string;
    query: string;
    tracking: Tracking;
    order: { sourceIdentifier: string };
    fulfillment: {
      trackingInfo: Tracking;
      lineItemsByFulfillmentOrder: {
        fulfillmentOrderId: string;
        fulfillmentOrderLineItems: { id: string; quantity: number }[];
      }[];
    };
  };
  meta_data: { key: string; value: unknown }[];
  status?: string;
  external_order_id: string;
  tracking_number: string;
  shipping_method: string;
  comments: string;
  items: { order_product_id: number; quantity: number }[];
}

/**
 * Shops of three platforms at one port of 127.0.0.1, as far as their APIs are written to: state, real shapes, real
 * errors. A call with other credentials than `token` is refused as each platform refuses it.
 */
export class ShopServer {
  readonly token = 'shop-token-canary';
  /** Orders that consumers made there, by the shop's id. */
  readonly sold = new Map<
    string,
    { lines: SoldLine[]; shipped: Shipped[]; status: string; tracking: Item[] }
  >();
  /** Orders that were made through the API. */
  readonly made: MadeOrder[] = [];
  /** Bodies of what an endpoint was told, with the headers that sign them. */
  readonly told: { headers: IncomingMessage['headers']; body: string }[] = [];
  readonly next: Misbehaviour[] = [];
  /** The same, for calls that make or change something. */
  readonly nextMaking: Misbehaviour[] = [];
  retryAfter: string | undefined;
  calls = 0;
  /** Awaited after the work of a call, before it is answered. */
  beforeAnswer: () => Promise<void> = () => Promise.resolve();
  #nextId = 1000;
  readonly #server = createServer((request, response) => {
    this.#handle(request, response).catch(() => response.destroy());
  });

  async start(): Promise<number> {
    await new Promise<void>((settle) => this.#server.listen(0, '127.0.0.1', settle));
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  sell(externalId: string, lines: SoldLine[]): void {
    this.sold.set(externalId, { lines, shipped: [], status: 'processing', tracking: [] });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    this.calls += 1;
    const making = request.method !== 'GET' && !body.includes('{"query":"query');
    const now = this.next.shift() ?? (making ? this.nextMaking.shift() : undefined);
    if (now === 'drop') return void request.socket.destroy();
    if (typeof now === 'number') {
      const wait = this.retryAfter === undefined ? {} : { 'Retry-After': this.retryAfter };
      return void response.writeHead(now, wait).end('{"error":"canary-of-the-shop"}');
    }
    const answer = now === 'throttled' ? throttled() : this.#answer(request, body);
    if (now === 'lost') return void request.socket.destroy();
    await this.beforeAnswer();
    response.writeHead(answer.status, { 'Content-Type': 'application/json', ...answer.headers });
    response.end(answer.json === undefined ? '' : JSON.stringify(answer.json));
  }

  #answer(request: IncomingMessage, body: string): Answer {
    const { headers, method = 'GET', url = '/' } = request;
    const json = (body === '' ? {} : JSON.parse(body)) as Sent;
    const path = url.split('?')[0] ?? '';
    const query = new URLSearchParams(url.split('?')[1]);
    if (path.startsWith('/hook')) {
      this.told.push({ headers, body });
      return { status: 204 };
    }
    if (path === '/admin/api/2026-07/graphql.json') {
      if (headers['x-shopify-access-token'] !== this.token) return { status: 401 };
      return { status: 200, json: { data: this.#graphql(json) } };
    }
    if (path.startsWith('/wp-json/wc/v3/')) {
      const basic = `Basic ${Buffer.from(`ck_1:${this.token}`).toString('base64')}`;
      if (headers.authorization !== basic) return { status: 401 };
      return this.#woocommerce(method, path.slice('/wp-json/wc/v3/'.length), query, json);
    }
    const bigcommerce = /^\/stores\/hash1\/v2\/(.+)$/.exec(path)?.[1];
    if (bigcommerce === undefined) return { status: 404 };
    if (headers['x-auth-token'] !== this.token) return { status: 401 };
    return this.#bigcommerce(method, bigcommerce, query, json);
  }

  #graphql({ query, variables }: Sent): unknown {
    if (query.includes('fulfillmentCreate')) {
      const { lineItemsByFulfillmentOrder: parts, trackingInfo } = variables.fulfillment;
      const externalId = String(parts[0]?.fulfillmentOrderId).split('/').at(-1) ?? '';
      const lines = parts.flatMap((part) =>
        part.fulfillmentOrderLineItems.map(({ id, quantity }) => ({
          sku: decodeURIComponent(id.split('/').at(-1) ?? ''),
          quantity,
        })),
      );
      if (!this.#isOpen(externalId, lines))
        return { created: { fulfillment: null, userErrors: [{ field: ['x'] }] } };
      const id = this.#ship(externalId, lines, trackingInfo.numbers, trackingInfo.company ?? '', '');
      return { created: { fulfillment: { id: `gid://shopify/Fulfillment/${id}` }, userErrors: [] } };
    }
    if (query.includes('fulfillmentTrackingInfoUpdate')) {
      const id = Number(variables.id.split('/').at(-1));
      const shipment = [...this.sold.values()]
        .flatMap(({ shipped }) => shipped)
        .find((each) => each.id === id);
      if (shipment === undefined) return { updated: { userErrors: [{ field: ['fulfillmentId'] }] } };
      shipment.numbers = variables.tracking.numbers;
      shipment.carrier = variables.tracking.company ?? '';
      return { updated: { userErrors: [] } };
    }
    if (query.includes('orderCreate')) {
      const id = this.#make(variables.order.sourceIdentifier, variables.order);
      return { created: { order: { id: `gid://shopify/Order/${id}` }, userErrors: [] } };
    }
    if (query.includes('productVariants')) {
      return { productVariants: { nodes: [{ id: 'gid://shopify/ProductVariant/7', sku: 'IPOD2008RED' }] } };
    }
    if (query.includes('orders(')) {
      const nodes = this.made
        .filter(({ marker }) => variables.query.includes(marker))
        .map(({ id, marker }) => ({ id: `gid://shopify/Order/${id}`, sourceIdentifier: marker }));
      return { orders: { nodes } };
    }
    const externalId = variables.id.split('/').at(-1) ?? '';
    const order = this.sold.get(externalId);
    if (order === undefined) return { order: null };
    const item = (sku: string) => ({
      id: `gid://shopify/LineItem/1`,
      sku,
      variant: { legacyResourceId: '9' },
    });
    return {
      order: {
        fulfillments: order.shipped.map((each) => ({
          id: `gid://shopify/Fulfillment/${each.id}`,
          status: 'SUCCESS',
          trackingInfo: each.numbers.map((number) => ({ number })),
          fulfillmentLineItems: {
            nodes: each.lines.map(({ sku, quantity }) => ({ quantity, lineItem: item(sku) })),
          },
        })),
        fulfillmentOrders: {
          nodes: [
            {
              id: `gid://shopify/FulfillmentOrder/${externalId}`,
              status: 'OPEN',
              lineItems: {
                nodes: order.lines.map(({ sku }) => ({
                  id: `gid://shopify/FulfillmentOrderLineItem/${encodeURIComponent(sku)}`,
                  remainingQuantity: this.#left(externalId, sku),
                  lineItem: item(sku),
                })),
              },
            },
          ],
        },
      },
    };
  }

  #woocommerce(method: string, path: string, query: URLSearchParams, json: Sent): Answer {
    if (path === 'products')
      return { status: 200, json: [{ id: 5, sku: 'IPOD2008RED', type: 'simple', parent_id: 0 }] };
    if (path === 'orders' && method === 'POST') {
      const marker = json.meta_data.find(({ key }) => key === '_strongroom')?.value;
      return { status: 201, json: { id: this.#make(String(marker), json) } };
    }
    if (path === 'orders') {
      if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(query.get('after') ?? '')) return { status: 400 };
      const orders = this.made.map(({ id, marker }) => ({
        ...{ id, status: 'processing' },
        meta_data: [{ id: 1, key: '_strongroom', value: marker }],
      }));
      return { status: 200, json: orders };
    }
    const externalId = path.split('/')[1] ?? '';
    const order = this.sold.get(externalId);
    if (order === undefined) return { status: 404, json: { code: 'woocommerce_rest_shop_order_invalid_id' } };
    if (method === 'PUT') {
      order.tracking = json.meta_data[0]?.value as Item[];
      order.status = json.status ?? order.status;
      order.shipped = order.tracking.map((each, id) => ({
        id,
        lines: [],
        numbers: [each.tracking_number],
        carrier: each.custom_tracking_provider,
        comments: each.tracking_id,
      }));
    }
    const meta = [{ id: 1, key: '_wc_shipment_tracking_items', value: order.tracking }];
    return { status: 200, json: { id: Number(externalId), status: order.status, meta_data: meta } };
  }

  #bigcommerce(method: string, path: string, query: URLSearchParams, json: Sent): Answer {
    if (path === 'orders' && method === 'POST') {
      return { status: 201, json: { id: this.#make(json.external_order_id, json) } };
    }
    if (path === 'orders') {
      const found = this.made.filter(({ marker }) => marker === query.get('external_order_id'));
      if (found.length === 0) return { status: 204 };
      return { status: 200, json: found.map(({ id, marker }) => ({ id, external_order_id: marker })) };
    }
    const [, externalId = '', part, shipmentId] = path.split('/');
    const order = this.sold.get(externalId);
    if (order === undefined) return { status: 404, json: [{ status: 404, message: 'not found' }] };
    if (part === 'products') {
      const products = order.lines.map(({ sku, quantity }, place) => ({
        ...{ id: place + 1, sku, quantity, order_address_id: 3 },
        quantity_shipped: quantity - this.#left(externalId, sku),
      }));
      return { status: 200, json: products };
    }
    if (method === 'GET') {
      if (order.shipped.length === 0) return { status: 204 };
      return { status: 200, json: order.shipped.map(({ id, comments }) => ({ id, comments })) };
    }
    if (method === 'PUT') {
      const shipment = order.shipped.find(({ id }) => id === Number(shipmentId));
      if (shipment === undefined) return { status: 404 };
      shipment.numbers = json.tracking_number.split(', ');
      shipment.carrier = json.shipping_method;
      return { status: 200, json: { id: shipment.id } };
    }
    const lines = json.items.map(({ order_product_id: id, quantity }) => ({
      sku: order.lines[id - 1]?.sku ?? '',
      quantity,
    }));
    if (!this.#isOpen(externalId, lines)) return { status: 422, json: [{ status: 422 }] };
    const numbers = json.tracking_number.split(', ');
    const id = this.#ship(externalId, lines, numbers, json.shipping_method, json.comments);
    return { status: 201, json: { id } };
  }

  #left(externalId: string, sku: string): number {
    const order = this.sold.get(externalId);
    const sum = (lines: SoldLine[]): number =>
      lines.filter((line) => line.sku === sku).reduce((total, { quantity }) => total + quantity, 0);
    return sum(order?.lines ?? []) - sum((order?.shipped ?? []).flatMap(({ lines }) => lines));
  }

  #isOpen(externalId: string, lines: SoldLine[]): boolean {
    return lines.every(({ sku, quantity }) => quantity <= this.#left(externalId, sku));
  }

  #ship(externalId: string, lines: SoldLine[], numbers: string[], carrier: string, comments: string): number {
    const id = this.#nextId++;
    this.sold.get(externalId)?.shipped.push({ id, lines, numbers, carrier, comments });
    return id;
  }

  #make(marker: string, body: object): number {
    const id = this.#nextId++;
    this.made.push({ id, marker, body });
    return id;
  }
}

/** Shopify's answer while a shop's cost bucket is empty: a success. */
function throttled(): Answer {
  const throttleStatus = { maximumAvailable: 1000, currentlyAvailable: 0, restoreRate: 50 };
  return {
    status: 200,
    json: {
      errors: [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }],
      extensions: { cost: { requestedQueryCost: 500, actualQueryCost: null, throttleStatus } },
    },
  };
}
