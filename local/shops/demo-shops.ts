import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { shopifyAppOf } from '../cloud.ts';
import { startBigCommerce } from './bigcommerce.ts';
import { sampleBigCommerceOrder } from './sample-bigcommerce-order.ts';
import { sampleOrder } from './sample-order.ts';
import { sampleWooCommerceOrder } from './sample-woocommerce-order.ts';
import { startShopify } from './shopify-shop.ts';
import type { ShopCall, ShopReply } from './stand-in.ts';
import { startWooCommerce } from './woocommerce.ts';

/** A shop of each platform, for whoever tries the hub on one machine. */
export interface DemoShops {
  /** Which hosts they answer for, as `EGRESS_STAND_INS` has it. */
  readonly standIns: string;
  /** For each shop the body of `POST /v1/connections`, and where its own people act. */
  readonly file: Record<string, { connect: object; staff: string }>;
  /** The hub is there; its app at Shopify follows from its project. */
  belongTo(projectId: string): void;
  write(path: string): Promise<void>;
  close(): Promise<void>;
}

const CREDENTIALS = {
  woo: { consumerKey: 'ck_demo', consumerSecret: 'cs_demo' },
  big: { storeHash: 'demo1', token: 'token-of-the-demo-store', clientSecret: 'secret-of-the-demo-store' },
  shop: 'strongroom-demo-2.myshopify.com',
  /** By name, since the port is another one each time. */
  site: 'woocommerce.shops.example',
};

/**
 * Starts them. Below `/_shop` each takes what people do there: `GET /_shop/orders` shows its orders with their
 * shipments, `POST /_shop/orders` places a sample order, `POST /_shop/stock` with `{ sku, available }` counts one; at Shopify `POST /_shop/authorize` with `{ authorizeUrl }`
 * agrees to the app and answers where the browser goes next. `keptIn` is a file that keeps what they know from one run to
 * the next, written when they close.
 */
export async function startDemoShops(
  options: { now?: () => number; keptIn?: string } = {},
): Promise<DemoShops> {
  const { now = Date.now, keptIn } = options;
  let projectId = '';
  let number = Math.floor(now() / 1000);
  const { woo: keys, big: store, shop, site } = CREDENTIALS;
  const lastId = number;
  const woo = await startWooCommerce({
    ...{ ...keys, now, lastId },
    control: staff(
      () => [...woo.orders.values()],
      () => woo.place(sampleWooCommerceOrder({ id: ++number, at: now() })),
      (sku, available) => woo.restock(sku, available),
    ),
  });
  const big = await startBigCommerce({
    ...{ ...store, now, lastId },
    control: staff(
      () =>
        [...big.orders.entries()].map(([id, order]) => ({
          ...order,
          shipments: big.shipments.get(id) ?? [],
        })),
      () => big.place(sampleBigCommerceOrder({ id: ++number, at: now() })),
      (sku, available) => big.restock(sku, available),
    ),
  });
  const shopify = await startShopify({
    ...{ shop, now, token: 'shpat_demo', lastId: 1000 * lastId },
    app: () => {
      const app = shopifyAppOf(projectId);
      return { clientId: app.SHOPIFY_CLIENT_ID, clientSecret: app.SHOPIFY_CLIENT_SECRETS };
    },
    control: (call) => {
      if (call.path === '/_shop/authorize' && call.method === 'POST') return agree(call);
      return staff(
        () => [...shopify.orders.values()],
        () => shopify.place(sampleOrder({ id: ++number, number: number % 10_000, at: now() })),
        (sku, available) => shopify.restock(sku, available),
      )(call);
    },
  });
  const sold = ['IPOD2008GREEN', 'IPOD2008RED', 'IPOD2008BLACK', 'SAMPLE-MUG'];
  sold.forEach((sku, place) => {
    const id = 61 + place;
    woo.products.set(id, {
      ...{ id, sku, name: `Sample ${sku}`, type: 'simple', parent_id: 0, status: 'publish', price: '199.00' },
      ...{ manage_stock: true, stock_quantity: 5 },
    });
    big.stock.set(sku, 5);
    shopify.stock.set(sku, 5);
  });
  const knows = new KnownOfShops({
    woo: [woo.orders, woo.products, woo.webhooks],
    big: [big.orders, big.shipments, big.stock, big.hooks],
    shopify: [shopify.orders, shopify.stock, shopify.subscriptions],
  });
  if (keptIn !== undefined) await knows.load(keptIn);
  const agree = ({ json }: ShopCall): ShopReply => {
    const asked = URL.parse(String((json as { authorizeUrl?: unknown } | undefined)?.authorizeUrl));
    if (asked?.host !== shop) return { status: 400, body: { error: 'not an authorizeUrl of this shop' } };
    const { searchParams: query } = asked;
    const back = shopify.consent(query);
    return { status: 200, body: { callback: `${query.get('redirect_uri') ?? ''}?${back.toString()}` } };
  };

  const at = (port: number): string => `http://127.0.0.1:${port}/_shop`;
  const { storeHash, token: accessToken, clientSecret } = store;
  const file = {
    woocommerce: {
      connect: { platform: 'woocommerce', site: `https://${site}`, ...keys },
      staff: at(woo.port),
    },
    bigcommerce: {
      connect: { platform: 'bigcommerce', storeHash, accessToken, clientSecret },
      staff: at(big.port),
    },
    shopify: { connect: { platform: 'shopify', shop }, staff: at(shopify.port) },
  };
  return {
    standIns: `${site}=${woo.port},*.localhost=*,*.shops.example=*,api.bigcommerce.com=${big.port},*.myshopify.com=${shopify.port}`,
    file,
    belongTo: (id) => {
      projectId = id;
    },
    async write(path) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
    },
    async close() {
      if (keptIn !== undefined) await knows.save(keptIn);
      await Promise.all([woo.close(), big.close(), shopify.close()]);
    },
  };
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- Each shop has maps of its own kinds of things.
type Known = Map<any, unknown>;

/** What shops know, by shop, in the order of its maps. */
class KnownOfShops {
  readonly #maps: Record<string, Known[]>;

  constructor(maps: Record<string, Known[]>) {
    this.#maps = maps;
  }

  /** In place of what they know, where there is such a file. */
  async load(file: string): Promise<void> {
    if (!existsSync(file)) return;
    const kept = JSON.parse(await readFile(file, 'utf8')) as Record<string, [unknown, unknown][][]>;
    for (const [shop, maps] of Object.entries(this.#maps)) {
      maps.forEach((map, place) => {
        map.clear();
        for (const [key, value] of kept[shop]?.[place] ?? []) map.set(key, value);
      });
    }
  }

  async save(file: string): Promise<void> {
    const kept = Object.entries(this.#maps).map(([shop, maps]) => [shop, maps.map((map) => [...map])]);
    await writeFile(file, JSON.stringify(Object.fromEntries(kept)), { mode: 0o600 });
  }
}

export async function removeShopsFile(path: string): Promise<void> {
  await rm(path, { force: true });
}

type Delivered = Promise<number[]>;

function staff(
  orders: () => unknown[],
  place: () => Delivered,
  restock: (sku: string, available: number) => Delivered,
) {
  return async ({ method, path, json }: ShopCall): Promise<ShopReply> => {
    if (path === '/_shop/stock' && method === 'POST') {
      const { sku, available } = (json ?? {}) as { sku?: unknown; available?: unknown };
      if (typeof sku !== 'string' || typeof available !== 'number') {
        return { status: 400, body: { error: 'not of the form { sku, available }' } };
      }
      return { status: 200, body: { deliveriesAnswered: await restock(sku, available) } };
    }
    if (path !== '/_shop/orders') return { status: 404 };
    if (method === 'GET') return { status: 200, body: orders() };
    return { status: 201, body: { deliveriesAnswered: await place(), orders: orders().length } };
  };
}
