import { z } from 'zod';
import type { Egress } from '../cloud/egress.ts';
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../domain/time.ts';
import { bigCommerceOrders } from './bigcommerce-orders.ts';
import type { CommerceEvent, ConnectionSecrets } from './platform.ts';
import { shopifyOrders } from './shopify-orders.ts';
import { wooCommerceOrders } from './woocommerce-orders.ts';

/** What a shop is called with, beside its own credentials. */
export interface ShopDeps {
  egress: Egress;
  now: Clock;
}

/** One page of what a shop changed, the oldest change first. */
export interface ChangedOrders {
  events: CommerceEvent[];
  /** What could not be read: it is told and passed over, since it would be the same the next time. */
  unreadable: number;
  /** Names the page that follows. */
  next: string | undefined;
}

/** Whether an order is stored as the shop had it at this time, so that it need not be fetched again. */
export type IsKnown = (externalId: string, updatedAt: string) => Promise<boolean>;

/** A shop's orders, read from its API. Fails as `askShop` does. */
export interface ShopOrders {
  /** `removed` when the shop has no such order. */
  one(externalId: string): Promise<CommerceEvent>;
  /** Orders changed at or after a time (RFC 3339); `page` is the `next` of the page before. What is known is left out. */
  changedSince(since: string, page: string | undefined, isKnown: IsKnown): Promise<ChangedOrders>;
}

/** `undefined` for a sender whose orders can not be fetched. */
export function shopOrders(secrets: ConnectionSecrets, deps: ShopDeps): ShopOrders | undefined {
  if (secrets.platform === 'woocommerce') return wooCommerceOrders(secrets, deps);
  if (secrets.platform === 'bigcommerce') return bigCommerceOrders(secrets, deps);
  if (secrets.platform === 'shopify' && secrets.token !== undefined) {
    return shopifyOrders({ shop: secrets.shop, token: secrets.token }, deps);
  }
  return undefined;
}

const List = z.array(z.unknown());

/** Reads each of a list; one that is not as it should be does not keep the others away. */
export async function readEach(
  json: unknown,
  next: (count: number) => string | undefined,
  read: (each: unknown) => CommerceEvent | undefined | Promise<CommerceEvent | undefined>,
): Promise<ChangedOrders> {
  const list = List.safeParse(json);
  if (!list.success) throw new AppError('SHOP_UNAVAILABLE', 'the shop answers no list of orders');
  const events: CommerceEvent[] = [];
  let unreadable = 0;
  for (const each of list.data) {
    try {
      const event = await read(each);
      if (event !== undefined) events.push(event);
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'BAD_REQUEST')) throw error;
      unreadable += 1;
    }
  }
  return { events, unreadable, next: next(list.data.length) };
}

/** The number of the page that follows a full one. */
export function pageAfter(page: number, full: number): (count: number) => string | undefined {
  return (count) => (count < full ? undefined : String(page + 1));
}
