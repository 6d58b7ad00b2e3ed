import type { LookupKey } from '../crypto/lookup.ts';
import type { Party } from '../crypto/record-key.ts';
import type { OrderLine, StoredOrder } from '../domain/order.ts';
import type { Match } from './match.ts';
import { lineIdOf } from './order-ids.ts';
import { left, withLines } from './progress.ts';

/** The retailer's order that a supply order is made for. */
export interface SupplySource {
  order: StoredOrder;
  owner: Party;
  partnerId: string;
  at: string;
}

/**
 * A supply order is an order of its own: the supplier's ids, catalogue titles and prices, never the retail price,
 * and nothing of the retailer's source.
 */
export function newSupplyOrder(
  source: SupplySource,
  holder: Party,
  matches: Match[],
  lookup: LookupKey,
): StoredOrder {
  const { order, owner, partnerId, at } = source;
  const empty: StoredOrder = {
    companyId: holder.companyId,
    code: order.code,
    source: null,
    state: 'routed',
    routing: 'done',
    held: null,
    partner: partnerId,
    origin: owner,
    supplyOrders: [],
    partners: [partnerId],
    paid: true,
    shippingService: order.shippingService,
    addressCleaned: order.addressCleaned,
    archived: false,
    archivedAt: null,
    erasedAt: null,
    erasing: null,
    currency: order.currency,
    lines: [],
    totals: { items: 0, shipping: 0, tax: 0, discount: 0, total: 0 },
    fulfilments: [],
    createdAt: at,
    updatedAt: at,
    sourceUpdatedAt: null,
  };
  return withMoreLines(empty, holder, matches, lookup, at);
}

/** The supply order with lines for what was matched later, such as a line that was added to the retailer's order. */
export function withMoreLines(
  supply: StoredOrder,
  holder: Party,
  matches: Match[],
  lookup: LookupKey,
  at: string,
): StoredOrder {
  // A line that was declined and comes again is another line: its number in the order tells them apart.
  const lines = [
    ...supply.lines,
    ...matches.map((match, place) => {
      const key = `${match.line.id}/${supply.lines.length + place}`;
      return supplyLine(lineIdOf(lookup, holder.orderId, key), match);
    }),
  ];
  const items = lines.reduce((sum, line) => sum + line.unitPrice * line.quantity, 0);
  const totals = { ...supply.totals, items, total: items };
  return withLines({ ...supply, totals, updatedAt: at }, lines);
}

function supplyLine(id: string, { line, product }: Match): OrderLine {
  return {
    id,
    origin: line.id,
    sku: line.sku,
    title: product?.title ?? null,
    quantity: left(line),
    fulfilledQuantity: 0,
    cancelledQuantity: 0,
    returnedQuantity: 0,
    unitPrice: product?.price ?? 0,
    supplier: null,
    stock: null,
  };
}
