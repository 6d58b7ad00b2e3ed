import { z } from 'zod';
import type { Egress } from '../cloud/egress.ts';
import { callShop, type ShopCall } from './call-shop.ts';
import type { ShopAccess, ShopApi, ShopOrder, ShopShipment } from './shop-api.ts';
import { streetAndTown } from './shop-address.ts';
import { wooCommerceCall } from './woocommerce-orders.ts';

/**
 * Where WooCommerce's Shipment Tracking keeps what an order's mails and pages show of its shipments; other trackers read
 * it too. https://woocommerce.com/document/shipment-tracking/
 */
const TRACKING = '_wc_shipment_tracking_items';
const MARKER = '_strongroom';
const PAGE = 100;
const MOST_PAGES = 20;
/** A shop's clock may be behind ours by this, in milliseconds. */
const SKEW = 60 * 60_000;

const Meta = z.array(z.object({ key: z.string(), value: z.unknown() }));
const Made = z.object({ id: z.int() });
const Item = z.looseObject({ tracking_id: z.string() });
const Order = z.object({ id: z.int(), status: z.string(), meta_data: Meta });
const Product = z.object({ id: z.int(), sku: z.string(), parent_id: z.int().nullish(), type: z.string() });
type Ask = <S extends z.ZodType>(
  call: Pick<ShopCall<S>, 'method' | 'body' | 'answer'> & { path: string },
) => Promise<z.infer<S>>;

/** A shop of WooCommerce, through REST v3 with its consumer key. */
export function woocommerceApi(
  access: Extract<ShopAccess, { platform: 'woocommerce' }>,
  egress: Egress,
): ShopApi {
  const ask: Ask = ({ path, ...call }) => callShop(egress, { ...call, ...wooCommerceCall(access, path) });
  return {
    createShipment: (shipment) => writeTracking(shipment, false, ask),
    updateTracking: (shipment) => writeTracking(shipment, true, ask),
    createOrder: (order) => createOrder(order, ask),
    setStock: (sku, available) => setStock(sku, available, ask),
  };
}

/** One write holds the shipment and the order's state. It is known by our own id, so a repeat finds it there. */
async function writeTracking(shipment: ShopShipment, anew: boolean, ask: Ask): Promise<string> {
  const path = `orders/${encodeURIComponent(shipment.externalId)}`;
  const order = await ask({ method: 'GET', path, answer: Order });
  const kept = z.array(Item).safeParse(order.meta_data.find(({ key }) => key === TRACKING)?.value);
  const items = kept.success ? kept.data : [];
  const there = items.some((item) => item.tracking_id.startsWith(shipment.id));
  if (there && !anew) return shipment.id;

  const others = items.filter((item) => !item.tracking_id.startsWith(shipment.id));
  const ends = shipment.last && !anew && order.status === 'processing';
  const body = {
    ...(ends ? { status: 'completed' } : {}),
    meta_data: [{ key: TRACKING, value: [...others, ...trackingItems(shipment)] }],
  };
  await ask({ method: 'PUT', path, body, answer: Made });
  return shipment.id;
}

function trackingItems({ id, carrier, trackingNumbers, trackingUrls, shippedAt }: ShopShipment) {
  const numbers = trackingNumbers.length === 0 ? [''] : trackingNumbers;
  return numbers.map((number, place) => ({
    tracking_provider: '',
    custom_tracking_provider: carrier ?? '',
    custom_tracking_link: trackingUrls[place] ?? '',
    tracking_number: number,
    date_shipped: Math.floor(Date.parse(shippedAt) / 1000),
    tracking_id: `${id}-${place}`,
  }));
}

async function createOrder(order: ShopOrder, ask: Ask): Promise<string> {
  const there = await findOrder(order, ask);
  if (there !== undefined) return there;
  const skus = order.lines.map(({ sku }) => sku);
  const products = await productsOf(skus, ask);
  const { street1, street2, town } = streetAndTown(order.shipTo);
  const address = {
    ...{ first_name: order.shipTo.firstName, last_name: order.shipTo.lastName },
    ...{ address_1: street1, address_2: street2, city: town },
    ...{ state: order.shipTo.region, postcode: order.shipTo.postalCode, country: order.shipTo.country },
  };
  const body = {
    status: 'processing',
    currency: order.currency,
    shipping: address,
    meta_data: [{ key: MARKER, value: order.marker }],
    line_items: order.lines.map(({ sku, title, quantity, total }) => {
      const product = products.get(sku);
      const of = product === undefined ? { name: `${title} (${sku})` } : productRef(product);
      return { ...of, quantity, subtotal: total, total };
    }),
  };
  const made = await ask({ method: 'POST', path: 'orders', body, answer: Made });
  return String(made.id);
}

function productRef({ id, parent_id: parent, type }: z.infer<typeof Product>) {
  return type === 'variation' && parent ? { product_id: parent, variation_id: id } : { product_id: id };
}

/** REST v3 searches no metadata: the orders that were made since ours was asked for are looked through. */
async function findOrder({ marker, since }: ShopOrder, ask: Ask): Promise<string | undefined> {
  const after = new Date(Date.parse(since) - SKEW).toISOString().slice(0, 19);
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const query = `after=${after}&dates_are_gmt=true&orderby=date&order=asc&status=any&_fields=id,status,meta_data`;
    const path = `orders?${query}&per_page=${PAGE}&page=${page}`;
    const orders = await ask({ method: 'GET', path, answer: z.array(Order) });
    const found = orders.find((each) =>
      each.meta_data.some(({ key, value }) => key === MARKER && value === marker),
    );
    if (found !== undefined) return String(found.id);
    if (orders.length < PAGE) return undefined;
  }
  return undefined;
}

/** `null` when the shop does not sell the SKU. From then on the shop counts it. */
async function setStock(sku: string, available: number, ask: Ask): Promise<string | null> {
  const product = (await productsOf([sku], ask)).get(sku);
  if (product === undefined) return null;
  const { id, parent_id: parent, type } = product;
  const path = type === 'variation' && parent ? `products/${parent}/variations/${id}` : `products/${id}`;
  await ask({
    ...{ method: 'PUT', path, body: { manage_stock: true, stock_quantity: available } },
    answer: Made,
  });
  return String(id);
}

async function productsOf(skus: string[], ask: Ask): Promise<Map<string, z.infer<typeof Product>>> {
  const found = new Map<string, z.infer<typeof Product>>();
  // A comma separates SKUs, so one that has a comma can not be asked for.
  const askable = skus.filter((sku) => !sku.includes(','));
  for (let from = 0; from < askable.length; from += PAGE / 2) {
    const some = askable.slice(from, from + PAGE / 2);
    const path = `products?sku=${some.map(encodeURIComponent).join(',')}&per_page=${PAGE}&_fields=id,sku,parent_id,type`;
    for (const product of await ask({ method: 'GET', path, answer: z.array(Product) }))
      found.set(product.sku, product);
  }
  return found;
}
