import { mkdir, rm, writeFile } from 'node:fs/promises';
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
};

/**
 * Starts them. Below `/_shop` each takes what people do there: `GET /_shop/orders` shows its orders with their
 * shipments, `POST /_shop/orders` places a sample order; at Shopify `POST /_shop/authorize` with `{ authorizeUrl }`
 * agrees to the app and answers where the browser goes next.
 */
export async function startDemoShops(now: () => number = Date.now): Promise<DemoShops> {
  let projectId = '';
  let number = Math.floor(now() / 1000);
  const { woo: keys, big: store, shop } = CREDENTIALS;
  const woo = await startWooCommerce({
    ...{ ...keys, now },
    control: staff(
      () => [...woo.orders.values()],
      () => woo.place(sampleWooCommerceOrder({ id: ++number, at: now() })),
    ),
  });
  const big = await startBigCommerce({
    ...{ ...store, now },
    control: staff(
      () =>
        [...big.orders.entries()].map(([id, order]) => ({
          ...order,
          shipments: big.shipments.get(id) ?? [],
        })),
      () => big.place(sampleBigCommerceOrder({ id: ++number, at: now() })),
    ),
  });
  const shopify = await startShopify({
    ...{ shop, now, token: 'shpat_demo' },
    app: () => {
      const app = shopifyAppOf(projectId);
      return { clientId: app.SHOPIFY_CLIENT_ID, clientSecret: app.SHOPIFY_CLIENT_SECRETS };
    },
    control: (call) => {
      if (call.path === '/_shop/authorize' && call.method === 'POST') return agree(call);
      return staff(
        () => [...shopify.orders.values()],
        () => shopify.place(sampleOrder({ id: ++number, number: number % 10_000, at: now() })),
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
  const agree = ({ json }: ShopCall): ShopReply => {
    const asked = URL.parse(String((json as { authorizeUrl?: unknown } | undefined)?.authorizeUrl));
    if (asked?.host !== shop) return { status: 400, body: { error: 'not an authorizeUrl of this shop' } };
    const { searchParams: query } = asked;
    const back = shopify.consent(query.get('state') ?? '', query.get('client_id') ?? '');
    return { status: 200, body: { callback: `${query.get('redirect_uri') ?? ''}?${back.toString()}` } };
  };

  const at = (port: number): string => `http://127.0.0.1:${port}/_shop`;
  const { storeHash, token: accessToken, clientSecret } = store;
  const file = {
    woocommerce: {
      connect: { platform: 'woocommerce', site: `https://${woo.port}.shops.example`, ...keys },
      staff: at(woo.port),
    },
    bigcommerce: {
      connect: { platform: 'bigcommerce', storeHash, accessToken, clientSecret },
      staff: at(big.port),
    },
    shopify: { connect: { platform: 'shopify', shop }, staff: at(shopify.port) },
  };
  return {
    standIns: `*.localhost=*,*.shops.example=*,api.bigcommerce.com=${big.port},*.myshopify.com=${shopify.port}`,
    file,
    belongTo: (id) => {
      projectId = id;
    },
    async write(path) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
    },
    async close() {
      await Promise.all([woo.close(), big.close(), shopify.close()]);
    },
  };
}

export async function removeShopsFile(path: string): Promise<void> {
  await rm(path, { force: true });
}

function staff(orders: () => unknown[], place: () => Promise<number[]>) {
  return async ({ method, path }: ShopCall): Promise<ShopReply> => {
    if (path !== '/_shop/orders') return { status: 404 };
    if (method === 'GET') return { status: 200, body: orders() };
    return { status: 201, body: { deliveriesAnswered: await place(), orders: orders().length } };
  };
}
