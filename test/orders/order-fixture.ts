import type { StoredOrder } from '../../shared/domain/order.ts';
import { mergeEvent, newLine, withRouting } from '../../shared/orders/merge.ts';
import type { MinimisedOrder } from '../../shared/orders/minimise.ts';
import { withLines } from '../../shared/orders/progress.ts';
import { newOrder } from '../../shared/orders/receive.ts';
import { ageOf } from '../../shared/orders/merge.ts';

/** A line of an event: what the shop says was ordered, cancelled and shipped. */
export interface Said {
  quantity: number;
  cancelled: number;
  fulfilled: number;
}

export const COMPANY = 'cmp_00000000000000000000000000';

/** Line ids that can be read in a failure. */
export const idOf = (key: string): string => `ln_${key}`;

/** An event about an order with these lines, `minute` minutes after midnight. */
export function event(
  minute: number,
  lines: Record<string, Said>,
  more: Partial<MinimisedOrder> = {},
): MinimisedOrder {
  return {
    externalId: '1',
    code: '#1',
    currency: 'USD',
    paid: true,
    cancelled: false,
    shippingService: null,
    lines: Object.entries(lines).map(([key, said]) => ({
      key,
      sku: `SKU-${key}`,
      quantity: said.quantity,
      cancelledQuantity: said.cancelled,
      fulfilledQuantity: said.fulfilled,
      unitPrice: 100,
    })),
    titles: {},
    totals: { items: 0, shipping: 0, tax: 0, discount: 0, total: 0 },
    shipTo: { firstName: '', lastName: '', streetAddress: 'A', postalCode: '', region: '', country: 'ZZ' },
    addressCleaned: false,
    updatedAt: new Date(Date.UTC(2030, 0, 1, 0, minute)).toISOString(),
    ...more,
  };
}

export const said = (quantity: number, cancelled = 0, fulfilled = 0): Said => ({
  quantity,
  cancelled,
  fulfilled,
});

/** The order as the first event makes it. */
export function stored(first: MinimisedOrder): StoredOrder {
  const source = { companyId: COMPANY, connectionId: null, platform: 'standard' };
  return newOrder(first, source, idOf, '2030-01-01T00:00:00.000Z');
}

/** What `receive` makes of one more event. */
export function after(order: StoredOrder, next: MinimisedOrder): StoredOrder {
  return ageOf(order, next) === 'older' ? order : mergeEvent(order, next, idOf);
}

/** The same order with every line supplied by one partner, and that partner's supply order. */
export function supplied(order: StoredOrder): { owned: StoredOrder; supply: StoredOrder } {
  const partner = 'ptn_00000000000000000000000000';
  const supplyId = 'ord_supply';
  const owned = withLines(
    {
      ...order,
      routing: 'done',
      supplyOrders: [{ id: supplyId, companyId: 'cmp_s', partner, state: 'routed' }],
    },
    order.lines.map((line) => ({ ...line, supplier: partner })),
  );
  const supply = withRouting(
    withLines(
      {
        ...order,
        companyId: 'cmp_s',
        routing: 'done',
        partner,
        origin: { companyId: COMPANY, orderId: 'ord_o' },
      },
      order.lines.map((line) => ({
        ...newLine(`supply_${line.id}`, { ...line, key: line.id }),
        origin: line.id,
        quantity: line.quantity - line.cancelledQuantity - line.fulfilledQuantity,
        cancelledQuantity: 0,
        fulfilledQuantity: 0,
      })),
    ),
  );
  return { owned, supply };
}
