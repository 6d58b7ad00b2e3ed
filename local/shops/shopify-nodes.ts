/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access
   -- A shop keeps whatever JSON it was given, and looks at what it needs of it. */
// Orders are kept in the form of the webhooks, and read by name as a shop's own code would.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = Record<string, any>;

function money(amount: unknown): Json {
  return { shopMoney: { amount: typeof amount === 'string' ? amount : '0.00' } };
}

/** How much of a line is left to ship. */
export function remaining(order: Json, lineId: number): number {
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
export function orderNode(order: Json): Json {
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

/** One variant of a product, which a SKU is here. */
export function variantNode(sku: string, quantity = 0): Json {
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

/** `trackingInfo` as a fulfilment keeps it. */
export function tracking(given: Json | undefined): Json {
  return {
    tracking_company: given?.['company'] ?? null,
    tracking_numbers: given?.['numbers'] ?? [],
    tracking_urls: given?.['urls'] ?? [],
  };
}

/** One page of a connection; its cursors are places. */
export function pageOf(all: Json[], first: number, after: unknown): Json {
  const from = typeof after === 'string' ? Number(after) : 0;
  const to = from + first;
  return { nodes: all.slice(from, to), pageInfo: { hasNextPage: to < all.length, endCursor: String(to) } };
}
