import type { DocumentWrite } from '../../local/door/writes.ts';
import type { FunctionName } from '../../local/topology.ts';

/** One order of its owner with all supply orders of it, and the companies that have one of them. */
interface Trade {
  orders: Set<string>;
  companies: Set<string>;
  /** Whether all of it was made in view. */
  whole: boolean;
}

/**
 * Which orders are one, in the eyes of who sees writes alone: they are sealed once, under the owner's id of it. Of one that
 * was there before, such as a restored one, any order may be a part.
 */
export class Trades {
  readonly #of = new Map<string, Trade>();

  /** Routing writes an order and what it places of it in one commit, and nothing else together. */
  wrote(by: FunctionName, writes: readonly DocumentWrite[]): void {
    const trades = writes.flatMap(({ kind, path }) => {
      const [, companyId, orderId] = /^companies\/([^/]+)\/orders\/([^/]+)$/.exec(path) ?? [];
      if (companyId === undefined || orderId === undefined) return [];
      return [this.#known(orderId, companyId, kind === 'create')];
    });
    if (by === 'route-order' && trades.length > 0) this.#join(trades);
  }

  #known(orderId: string, companyId: string, whole: boolean): Trade {
    const known = this.#of.get(orderId);
    if (known !== undefined) return known;
    const trade = { orders: new Set([orderId]), companies: new Set([companyId]), whole };
    this.#of.set(orderId, trade);
    return trade;
  }

  #join(trades: readonly Trade[]): void {
    const joined = {
      orders: new Set(trades.flatMap(({ orders }) => [...orders])),
      companies: new Set(trades.flatMap(({ companies }) => [...companies])),
      whole: trades.every(({ whole }) => whole),
    };
    for (const orderId of joined.orders) this.#of.set(orderId, joined);
  }

  /** Whether an order is a part of what is sealed under the owner's id. */
  isOf(orderId: string, ownerId: string): boolean {
    const trade = this.#of.get(ownerId);
    return trade?.whole !== true || trade.orders.has(orderId);
  }

  /** Whether a company has an order that is a part of it. */
  has(companyId: string, ownerId: string): boolean {
    const trade = this.#of.get(ownerId);
    return trade?.whole !== true || trade.companies.has(companyId);
  }
}
