import { z } from 'zod';
import type { Egress } from '../cloud/egress.ts';
import { DeliveryError } from '../domain/delivery-error.ts';
import type { ShopAccess, ShopApi, ShopOrder, ShopShipment } from './shop-api.ts';
import { streetAndTown } from './shop-address.ts';
import { callShopify } from './shopify-call.ts';
import { quoted, setShopifyStock as setStock } from './shopify-stock.ts';

const SKUS_AT_ONCE = 50;

const UserErrors = z.array(z.object({ field: z.array(z.string()).nullish() }));
export type Ask = <S extends z.ZodType>(query: string, variables: object, data: S) => Promise<z.infer<S>>;

/** A shop at Shopify: shipments are made on its fulfilment orders, orders by `orderCreate`. */
export function shopifyApi(access: Extract<ShopAccess, { platform: 'shopify' }>, egress: Egress): ShopApi {
  const ask: Ask = (query, variables, answer) => callShopify(egress, access, { query, variables, answer });
  return {
    createShipment: (shipment) => createShipment(shipment, ask),
    updateTracking: async (shipment, shopId) => {
      const variables = { id: shopId, tracking: trackingOf(shipment) };
      const { updated } = await ask(UPDATE_TRACKING, variables, z.object({ updated: UserResult }));
      refuse(updated.userErrors);
      return shopId;
    },
    createOrder: (order) => createOrder(order, ask),
    setStock: (sku, available) => setStock(sku, available, ask),
  };
}

const ORDER = `query ($id: ID!) {
  order(id: $id) {
    fulfillments(first: 250) {
      id
      status
      trackingInfo(first: 20) { number }
      fulfillmentLineItems(first: 250) { nodes { quantity lineItem { id sku variant { legacyResourceId } } } }
    }
    fulfillmentOrders(first: 50) {
      nodes { id status lineItems(first: 250) { nodes { id remainingQuantity lineItem { id sku variant { legacyResourceId } } } } }
    }
  }
}`;
const CREATE_FULFILMENT = `mutation ($fulfillment: FulfillmentInput!) {
  created: fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id } userErrors { field } }
}`;
const UPDATE_TRACKING = `mutation ($id: ID!, $tracking: FulfillmentTrackingInput!) {
  updated: fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $tracking) { userErrors { field } }
}`;
const FIND_ORDER = `query ($query: String!) { orders(first: 5, query: $query) { nodes { id sourceIdentifier } } }`;
const FIND_VARIANTS = `query ($query: String!) { productVariants(first: 250, query: $query) { nodes { id sku } } }`;
const CREATE_ORDER = `mutation ($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput) {
  created: orderCreate(order: $order, options: $options) { order { id } userErrors { field } }
}`;

const UserResult = z.object({ userErrors: UserErrors });
const Sku = z.string().nullish();
const nodes = <S extends z.ZodType>(each: S) => z.object({ nodes: z.array(each) });
const LineItem = z.object({
  id: z.string(),
  sku: Sku,
  variant: z.object({ legacyResourceId: z.string() }).nullish(),
});
const OrderOfShop = z.object({
  fulfillments: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      trackingInfo: z.array(z.object({ number: z.string().nullish() })),
      fulfillmentLineItems: nodes(z.object({ quantity: z.int(), lineItem: LineItem })),
    }),
  ),
  fulfillmentOrders: nodes(
    z.object({
      id: z.string(),
      status: z.string(),
      lineItems: nodes(z.object({ id: z.string(), remainingQuantity: z.int(), lineItem: LineItem })),
    }),
  ),
});
type OrderOfShop = z.infer<typeof OrderOfShop>;

/** Fulfilments carry nothing of ours, so one that we made is known by what it holds and by not being an earlier one. */
async function createShipment(shipment: ShopShipment, ask: Ask): Promise<string> {
  const id = `gid://shopify/Order/${shipment.externalId}`;
  const { order } = await ask(ORDER, { id }, z.object({ order: OrderOfShop.nullable() }));
  if (order === null) throw new DeliveryError('NOT_FOUND');
  const there = order.fulfillments.find(
    (each) => !shipment.known.includes(each.id) && isSame(each, shipment),
  );
  if (there !== undefined) return there.id;

  const fulfillment = {
    lineItemsByFulfillmentOrder: taken(order, shipment),
    trackingInfo: trackingOf(shipment),
    notifyCustomer: true,
  };
  const made = UserResult.extend({ fulfillment: z.object({ id: z.string() }).nullable() });
  const { created } = await ask(CREATE_FULFILMENT, { fulfillment }, z.object({ created: made }));
  refuse(created.userErrors);
  if (created.fulfillment === null) throw new DeliveryError('BAD_ANSWER');
  return created.fulfillment.id;
}

function isSame(there: OrderOfShop['fulfillments'][number], shipment: ShopShipment): boolean {
  if (there.status === 'CANCELLED') return false;
  const quantities = new Map<string, number>();
  for (const { quantity, lineItem } of there.fulfillmentLineItems.nodes) {
    const sku = shipment.lines.find((line) => isOf(lineItem, line.sku))?.sku ?? '';
    quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  }
  const numbers = there.trackingInfo.flatMap(({ number }) => (number ? [number] : []));
  return (
    quantities.size === shipment.lines.length &&
    shipment.lines.every(({ sku, quantity }) => quantities.get(sku) === quantity) &&
    [...numbers].sort().join('\n') === [...shipment.trackingNumbers].sort().join('\n')
  );
}

/** What is shipped, taken from the fulfilment orders that are still open, in the shop's own order. */
function taken({ fulfillmentOrders }: OrderOfShop, shipment: ShopShipment) {
  const left = new Map(shipment.lines.map(({ sku, quantity }) => [sku, quantity]));
  const open = fulfillmentOrders.nodes.filter(({ status }) => status === 'OPEN' || status === 'IN_PROGRESS');
  const lines = open.flatMap((fulfillmentOrder) => {
    const items = fulfillmentOrder.lineItems.nodes.flatMap(({ id, remainingQuantity, lineItem }) => {
      const sku = shipment.lines.find((line) => isOf(lineItem, line.sku))?.sku ?? '';
      const quantity = Math.min(left.get(sku) ?? 0, remainingQuantity);
      if (quantity === 0) return [];
      left.set(sku, (left.get(sku) ?? 0) - quantity);
      return [{ id, quantity }];
    });
    return items.length === 0
      ? []
      : [{ fulfillmentOrderId: fulfillmentOrder.id, fulfillmentOrderLineItems: items }];
  });
  // The shop knows of less to ship than was shipped: somebody fulfilled it there by hand.
  if (lines.length === 0) throw new DeliveryError('NOTHING_TO_SHIP');
  return lines;
}

/** By its SKU, or by what a line without one was called when the order came in. */
function isOf({ id, sku, variant }: z.infer<typeof LineItem>, name: string): boolean {
  return (
    name === sku || name === `variant-${variant?.legacyResourceId ?? ''}` || name === `line-${numberOf(id)}`
  );
}

function trackingOf({ carrier, trackingNumbers: numbers, trackingUrls: urls }: ShopShipment) {
  return { ...(carrier === null ? {} : { company: carrier }), numbers, urls };
}

async function createOrder(order: ShopOrder, ask: Ask): Promise<string> {
  const query = `source_identifier:${quoted(order.marker)}`;
  const Found = z.object({
    orders: nodes(z.object({ id: z.string(), sourceIdentifier: z.string().nullish() })),
  });
  const { orders } = await ask(FIND_ORDER, { query }, Found);
  const there = orders.nodes.find(({ sourceIdentifier }) => sourceIdentifier === order.marker);
  if (there !== undefined) return numberOf(there.id);

  const variants = await variantsOf(
    order.lines.map(({ sku }) => sku),
    ask,
  );
  const variables = {
    order: orderInput(order, variants),
    options: {
      inventoryBehaviour: 'DECREMENT_IGNORING_POLICY',
      sendReceipt: false,
      sendFulfillmentReceipt: false,
    },
  };
  const made = UserResult.extend({ order: z.object({ id: z.string() }).nullable() });
  const { created } = await ask(CREATE_ORDER, variables, z.object({ created: made }));
  refuse(created.userErrors);
  if (created.order === null) throw new DeliveryError('BAD_ANSWER');
  return numberOf(created.order.id);
}

async function variantsOf(skus: string[], ask: Ask): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const Variants = z.object({ productVariants: nodes(z.object({ id: z.string(), sku: Sku })) });
  for (let from = 0; from < skus.length; from += SKUS_AT_ONCE) {
    const query = skus
      .slice(from, from + SKUS_AT_ONCE)
      .map((sku) => `sku:${quoted(sku)}`)
      .join(' OR ');
    const { productVariants } = await ask(FIND_VARIANTS, { query }, Variants);
    for (const { id, sku } of productVariants.nodes) if (sku) found.set(sku, id);
  }
  return found;
}

function orderInput(order: ShopOrder, variants: Map<string, string>) {
  const { street1, street2, town } = streetAndTown(order.shipTo);
  const { firstName, lastName, postalCode, region, country } = order.shipTo;
  return {
    currency: order.currency,
    sourceIdentifier: order.marker,
    customAttributes: [{ key: 'strongroom', value: order.marker }],
    tags: ['Strongroom'],
    poNumber: order.code,
    financialStatus: 'PAID',
    lineItems: order.lines.map(({ sku, title, quantity, unitPrice }) => {
      const variantId = variants.get(sku);
      return {
        ...(variantId === undefined ? { title } : { variantId }),
        ...{ sku, quantity, requiresShipping: true },
        priceSet: { shopMoney: { amount: unitPrice, currencyCode: order.currency } },
      };
    }),
    shippingAddress: {
      ...{ firstName, lastName, address1: street1, address2: street2, city: town },
      ...{ zip: postalCode, province: region, countryCode: country },
    },
  };
}

function refuse(errors: z.infer<typeof UserErrors>): void {
  if (errors.length > 0) throw new DeliveryError('REFUSED');
}

/** The number that webhooks call the same order by. */
function numberOf(gid: string): string {
  return gid.slice(gid.lastIndexOf('/') + 1);
}
