import { z } from 'zod';
import type { Egress } from '../cloud/egress.ts';
import { DeliveryError } from '../domain/delivery-error.ts';
import { callShop, type ShopCall } from './call-shop.ts';
import type { ShopAccess, ShopApi, ShopOrder, ShopShipment } from './shop-api.ts';
import { bigCommerceCall } from './bigcommerce-orders.ts';
import { streetAndTown } from './shop-address.ts';

/** BigCommerce's state of an order that was paid and is to be shipped. */
const AWAITING_FULFILMENT = 11;
const PAGE = 250;
const MOST_PAGES = 4;

const Id = z.int();
const Made = z.object({ id: Id });
/** A list that is empty comes as 204 without a body. */
const list = <S extends z.ZodType>(each: S) =>
  z
    .array(each)
    .optional()
    .transform((found) => found ?? []);
const Shipment = z.object({ id: Id, comments: z.string().nullish() });
const Product = z.object({
  id: Id,
  sku: z.string(),
  quantity: z.int(),
  quantity_shipped: z.int(),
  order_address_id: Id,
});
type Product = z.infer<typeof Product>;
type Ask = <S extends z.ZodType>(
  call: Pick<ShopCall<S>, 'method' | 'body' | 'answer'> & { path: string },
) => Promise<z.infer<S>>;

/** A store of BigCommerce, through its V2 orders. https://developer.bigcommerce.com/docs/rest-management/orders */
export function bigcommerceApi(
  access: Extract<ShopAccess, { platform: 'bigcommerce' }>,
  egress: Egress,
): ShopApi {
  const ask: Ask = ({ path, ...call }) =>
    callShop(egress, { ...call, ...bigCommerceCall(access, path.startsWith('v3/') ? path : `v2/${path}`) });
  return {
    createShipment: (shipment) => createShipment(shipment, ask),
    updateTracking: async (shipment, shopId) => {
      const path = `${shipmentsOf(shipment)}/${encodeURIComponent(shopId)}`;
      await ask({ method: 'PUT', path, body: trackingOf(shipment), answer: Made });
      return shopId;
    },
    createOrder: (order) => createOrder(order, ask),
    setStock: (sku, available) => setStock(sku, available, ask),
  };
}

/** A store's shipments have comments, in which ours is found again by its id. */
async function createShipment(shipment: ShopShipment, ask: Ask): Promise<string> {
  const path = shipmentsOf(shipment);
  const there = await all(`${path}?`, Shipment, ask);
  const known = there.find(({ comments }) => comments?.includes(shipment.id) === true);
  if (known !== undefined) return String(known.id);

  const products = await all(`orders/${encodeURIComponent(shipment.externalId)}/products?`, Product, ask);
  const { addressId, items } = taken(products, shipment);
  const body = { ...trackingOf(shipment), comments: shipment.id, order_address_id: addressId, items };
  const made = await ask({ method: 'POST', path, body, answer: Made });
  return String(made.id);
}

async function all<S extends z.ZodType>(path: string, each: S, ask: Ask): Promise<z.infer<S>[]> {
  const found: z.infer<S>[] = [];
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const some = await ask({ method: 'GET', path: `${path}limit=${PAGE}&page=${page}`, answer: list(each) });
    found.push(...some);
    if (some.length < PAGE) break;
  }
  return found;
}

/** What is shipped, from the lines that have something left; one shipment goes to one address. */
function taken(products: Product[], shipment: ShopShipment) {
  const left = new Map(shipment.lines.map(({ sku, quantity }) => [sku, quantity]));
  const addressId = products.find((each) => left.has(each.sku) && open(each) > 0)?.order_address_id;
  const items = products.flatMap((product) => {
    const quantity = Math.min(left.get(product.sku) ?? 0, open(product));
    if (quantity <= 0 || product.order_address_id !== addressId) return [];
    left.set(product.sku, (left.get(product.sku) ?? 0) - quantity);
    return [{ order_product_id: product.id, quantity }];
  });
  if (addressId === undefined || items.length === 0) throw new DeliveryError('NOTHING_TO_SHIP');
  return { addressId, items };
}

function open({ quantity, quantity_shipped: shipped }: Product): number {
  return quantity - shipped;
}

/** One field holds all numbers; the carrier goes where a store shows it. */
function trackingOf({ carrier, trackingNumbers, trackingUrls }: ShopShipment) {
  const [link] = trackingUrls;
  return {
    tracking_number: trackingNumbers.join(', ').slice(0, 50),
    shipping_provider: '',
    shipping_method: carrier ?? '',
    ...(link === undefined ? {} : { tracking_link: link }),
  };
}

function shipmentsOf({ externalId }: ShopShipment): string {
  return `orders/${encodeURIComponent(externalId)}/shipments`;
}

async function createOrder(order: ShopOrder, ask: Ask): Promise<string> {
  const path = `orders?external_order_id=${encodeURIComponent(order.marker)}&limit=5`;
  const Found = Made.extend({ external_order_id: z.string().nullish() });
  const found = await ask({ method: 'GET', path, answer: list(Found) });
  const there = found.find((each) => each.external_order_id === order.marker);
  if (there !== undefined) return String(there.id);

  const { street1, street2, town } = streetAndTown(order.shipTo);
  const { firstName, lastName, postalCode, region, country } = order.shipTo;
  const address = {
    ...{ first_name: firstName, last_name: lastName, street_1: street1, street_2: street2, city: town },
    ...{ state: region, zip: postalCode, country_iso2: country },
  };
  const body = {
    status_id: AWAITING_FULFILMENT,
    external_order_id: order.marker,
    default_currency_code: order.currency,
    billing_address: address,
    shipping_addresses: [address],
    products: order.lines.map(({ sku, title, quantity, unitPrice }) => ({
      ...{ name: title, sku, quantity, price_inc_tax: Number(unitPrice), price_ex_tax: Number(unitPrice) },
    })),
  };
  const made = await ask({ method: 'POST', path: 'orders', body, answer: Made });
  return String(made.id);
}

const Variants = z.object({ data: z.array(z.object({ id: Id, sku: z.string() })) });
/** The place that every store has. */
const DEFAULT_LOCATION = 1;

/**
 * `null` when the store does not sell the SKU.
 * https://developer.bigcommerce.com/docs/rest-management/inventory/adjustments
 */
async function setStock(sku: string, available: number, ask: Ask): Promise<string | null> {
  const path = `v3/catalog/variants?sku=${encodeURIComponent(sku)}&limit=10`;
  const { data } = await ask({ method: 'GET', path, answer: Variants });
  const variant = data.find((each) => each.sku === sku);
  if (variant === undefined) return null;
  const item = { location_id: DEFAULT_LOCATION, variant_id: variant.id, quantity: available };
  await ask({
    ...{ method: 'PUT', path: 'v3/inventory/adjustments/absolute' },
    ...{ body: { reason: 'Strongroom', items: [item] }, answer: z.unknown() },
  });
  return String(variant.id);
}
