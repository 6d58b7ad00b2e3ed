import type { PriceList } from '../../shared/catalogue/price-list.ts';
import type { Priceable, PriceLists } from '../../shared/catalogue/price.ts';

/** A list in US dollars that changes nothing, but for what is given. */
export function priceList(change: Partial<PriceList> = {}): PriceList {
  return {
    id: 'base',
    version: '1',
    name: 'Base',
    currency: 'USD',
    rates: {},
    markup: null,
    rounding: null,
    minimumQuantity: 1,
    startsAt: null,
    endsAt: null,
    covers: 'all',
    exceptions: [],
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    ...change,
  };
}

/** A product of 10.00 dollars. */
export function product(change: Partial<Priceable> = {}): Priceable {
  return { price: 1000, currency: 'USD', active: true, rules: {}, ...change };
}

export function lists(base: Partial<PriceList> = {}, ...exceptions: Partial<PriceList>[]): PriceLists {
  return {
    base: priceList(base),
    exceptions: exceptions.map((each, place) => priceList({ id: `exception-${place}`, ...each })),
  };
}
