import type { Market, Merchant } from '../support/market.ts';
import { act, lines, type ListedOrder, type Outcome, trade } from './trading.ts';

export const GREEN = 'IPOD2008GREEN';
export const RED = 'IPOD2008RED';
export const BLACK = 'IPOD2008BLACK';

/** An order with three green and two red, which the supplier ships, and two black, which the retailer does. */
export function several(market: Market): ReturnType<typeof trade> {
  const quantities = { [GREEN]: { quantity: 3 }, [RED]: { quantity: 2 }, [BLACK]: { quantity: 2 } };
  return trade(market, { line_items: lines(market.order(), quantities) });
}

export interface Shipped {
  id: string;
  carrier: string | null;
  order: ListedOrder;
}

/** `POST /v1/orders/{id}/fulfilments`; without a body all that is the caller's to ship. */
export function ship(who: Merchant, id: string, body: object = {}): Promise<Outcome<Shipped>> {
  return act<Shipped>(who, id, 'fulfilments', body);
}
