import type { ChargedOrder, StoredCharge, StoredRefund } from './documents.ts';

export type RefundPart = StoredRefund['parts'][number];

/** What an order of a charge still holds: paid, and neither given back nor lost. */
export function leftOf(order: Pick<ChargedOrder, 'amount' | 'refunded' | 'lost'>): number {
  return order.amount - order.refunded - order.lost;
}

/** An amount that nobody said the orders of, over the orders in their turn, as far as each still holds any. */
export function spread(orders: ChargedOrder[], amount: number): RefundPart[] {
  let rest = amount;
  const parts: RefundPart[] = [];
  for (const order of orders) {
    const share = Math.min(rest, leftOf(order));
    if (share > 0) parts.push({ orderId: order.orderId, amount: share, lines: [] });
    rest -= share;
  }
  return parts;
}

/**
 * The charge with its orders as its refunds and its dispute leave them. Refunds that failed take nothing away. Sums of
 * the orders are those of the charge, always.
 */
export function withMoney(
  charge: StoredCharge,
  refunds: StoredRefund[],
  dispute: { state: 'open' | 'won' | 'lost'; amount: number } | undefined,
): StoredCharge {
  const given = refunds.filter(({ state }) => state === 'succeeded').flatMap(({ parts }) => parts);
  const refunded = charge.orders.map((order): ChargedOrder => {
    const own = given.filter(({ orderId }) => orderId === order.orderId);
    const back = own.flatMap(({ lines }) => lines);
    return {
      ...order,
      lost: 0,
      refunded: own.reduce((sum, { amount }) => sum + amount, 0),
      lines: order.lines.map((line) => ({
        ...line,
        refunded: back
          .filter(({ lineId }) => lineId === line.lineId)
          .reduce((sum, { quantity }) => sum + quantity, 0),
      })),
    };
  });
  const lost = dispute?.state === 'lost' ? spread(refunded, dispute.amount) : [];
  const orders = refunded.map((order) => ({
    ...order,
    lost: lost.find(({ orderId }) => orderId === order.orderId)?.amount ?? 0,
  }));
  const sum = (of: 'refunded' | 'lost'): number => orders.reduce((total, order) => total + order[of], 0);
  return {
    ...charge,
    refunds,
    orders,
    refunded: sum('refunded'),
    lost: sum('lost'),
    dispute: dispute?.state ?? null,
  };
}
