import { FIXES } from '../domain/billing.ts';
import type { Details, OrderLine, ShipTo, StoredOrder } from '../domain/order.ts';
import type { Bills } from './bills.ts';

const NO_BILLS: Bills = new Map();

/**
 * What an order shows of itself to the company that has it: nothing of the other side, but what both have of the bills
 * of its supply orders.
 */
export function listView(id: string, order: StoredOrder, bills = NO_BILLS) {
  return {
    id,
    code: order.code,
    source: order.source && shownSource(order.source),
    state: order.state,
    routing: order.routing,
    held: order.held,
    partner: order.partner,
    supplyOrders: order.supplyOrders.map(({ id: supplyId, partner, state }) => ({
      ...{ id: supplyId, partner, state },
      ...billingView(bills.get(supplyId) ?? {}),
    })),
    shippingService: order.shippingService,
    addressCleaned: order.addressCleaned,
    archivedAt: order.archivedAt,
    erasedAt: order.erasedAt,
    eraseBy: order.eraseBy ?? null,
    currency: order.currency,
    lines: order.lines.map((line) => {
      const { title, ...shown } = shownLine(line, order);
      return title === null ? shown : { ...shown, title };
    }),
    totals: order.totals,
    fulfilments: order.fulfilments.map(({ partner: _partner, ...fulfilment }) => fulfilment),
    ...billingView(order),
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
  };
}

/** Of a supply order that is billed here: whether something is on no charge that was paid, and its charges. */
function billingView({ unbilled, billing }: Pick<StoredOrder, 'unbilled' | 'billing'>) {
  if (unbilled === undefined && billing === undefined) return {};
  const charges = (billing?.charges ?? []).map((charge) => ({
    ...charge,
    fix: charge.code === null ? null : FIXES[charge.code],
  }));
  const open = charges.some(({ state }) => state !== 'succeeded' && state !== 'disputed');
  return { billing: { unbilled: unbilled !== undefined || open, charges } };
}

/** The single read: the same with what was sealed. A title that nobody knows any more is `null`. */
export function singleView(
  id: string,
  order: StoredOrder,
  opened: { shipTo: ShipTo | null; details: Details },
  bills = NO_BILLS,
) {
  const { titles, tracking } = opened.details;
  const view = listView(id, order, bills);
  return {
    ...view,
    lines: order.lines.map((line) => ({
      ...shownLine(line, order),
      title: line.title ?? titles[line.origin ?? line.id] ?? null,
    })),
    shipTo: opened.shipTo,
    fulfilments: view.fulfilments.map((fulfilment) => ({
      ...fulfilment,
      trackingNumbers: tracking[fulfilment.id]?.numbers ?? [],
      trackingUrls: tracking[fulfilment.id]?.urls ?? [],
    })),
  };
}

function shownLine(
  { origin: _origin, saidQuantity: _said, addedAt: _added, ...line }: OrderLine,
  { origin }: StoredOrder,
) {
  return origin === null ? line : { unconfirmedReturnQuantity: 0, ...line };
}

function shownSource({ connectionId, platform, externalId }: NonNullable<StoredOrder['source']>) {
  return { connectionId, platform, externalId };
}
