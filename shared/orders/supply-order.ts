import type { LookupKey } from '../crypto/lookup.ts';
import type { Party } from '../crypto/record-key.ts';
import type { OrderLine, StoredOrder } from '../domain/order.ts';
import type { Match } from './match.ts';
import { lineIdOf } from './order-ids.ts';
import { left } from './progress.ts';
import { withSupplyLines } from './supply.ts';

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
    ...(matches[0]?.supply?.supplier.bills === true && { billed: true }),
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
  const more = matches.map((match) => supplyLine(lineIdOf(lookup, holder.orderId, match.line.id), match));
  return withSupplyLines({ ...supply, updatedAt: at }, [...supply.lines, ...more]);
}

function supplyLine(id: string, { line, supply, title }: Match): OrderLine {
  return {
    id,
    origin: line.id,
    sku: line.sku,
    title,
    quantity: left(line),
    saidQuantity: 0,
    fulfilledQuantity: 0,
    cancelledQuantity: 0,
    returnedQuantity: 0,
    unitPrice: supply?.offer.unitPrice ?? 0,
    supplier: null,
    stock: (supply?.available ?? null) === null ? null : 'asked',
  };
}
