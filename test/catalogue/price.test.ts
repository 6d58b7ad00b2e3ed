import { describe, expect, it } from 'vitest';
import type { PriceList, PriceRule } from '../../shared/catalogue/price-list.ts';
import { type NoPrice, priceOf, pricesOf } from '../../shared/catalogue/price.ts';
import { lists, product } from './price-fixture.ts';

const AT = '2026-11-24T12:00:00.000Z';
const up = (ending: string) => ({ rounding: { ending, direction: 'up' as const } });
const down = (ending: string) => ({ rounding: { ending, direction: 'down' as const } });
const nearest = (ending: string) => ({ rounding: { ending, direction: 'nearest' as const } });
const percent = (text: string) => ({ markup: { percent: text } });

/** What it costs, in which currency; by which list; and what it comes to. All amounts are minor units. */
const EXAMPLES: [string, cost: [number, string], list: Partial<PriceList>, unitPrice: number][] = [
  ['nothing is put on', [1999, 'USD'], {}, 1999],
  ['25 percent', [1000, 'USD'], percent('25'), 1250],
  ['12.5 percent of 9.99 is 11.23875', [999, 'USD'], percent('12.5'), 1124],
  ['half a cent goes up', [2, 'USD'], percent('25'), 3],
  ['5 percent of 1.10 is 1.155 exactly, which no float says', [110, 'USD'], percent('5'), 116],
  ['a third off', [1000, 'USD'], percent('-33.333333333'), 667],
  ['2.50 on top', [1000, 'USD'], { markup: { fixed: 250 } }, 1250],
  ['2.50 off', [1000, 'USD'], { markup: { fixed: -250 } }, 750],
  ['all of it off', [250, 'USD'], { markup: { fixed: -250 } }, 0],
  ['up to .99', [1250, 'USD'], up('.99'), 1299],
  ['.99 stays .99', [1299, 'USD'], up('.99'), 1299],
  ['a tenth of a cent above .99 is the next one', [1299, 'USD'], { ...percent('0.01'), ...up('.99') }, 1399],
  ['down to .99', [1298, 'USD'], down('.99'), 1199],
  ['nothing is rounded down below its ending', [50, 'USD'], down('.99'), 99],
  ['nearest, downwards', [1240, 'USD'], nearest('.99'), 1199],
  ['nearest, in the middle, upwards', [1249, 'USD'], nearest('.99'), 1299],
  ['nearest, just below the middle', [1248, 'USD'], nearest('.99'), 1199],
  ['up to .00', [1201, 'USD'], up('.00'), 1300],
  ['up to 9.95', [1201, 'USD'], up('9.95'), 1995],
  ['what is free stays free without an ending', [0, 'USD'], percent('25'), 0],
  ['dollars to euros', [1000, 'USD'], { currency: 'EUR', rates: { USD: '0.9217' } }, 922],
  [
    'dollars to euros, 30 percent, .99',
    [1000, 'USD'],
    { currency: 'EUR', rates: { USD: '0.9217' }, ...percent('30'), ...up('.99') },
    1199,
  ],
  ['rounded once, at the end', [5, 'USD'], { currency: 'EUR', rates: { USD: '0.9' }, ...percent('100') }, 9],
  [
    'dollars to yen, which have no decimals',
    [1999, 'USD'],
    { currency: 'JPY', rates: { USD: '149.35' } },
    2986,
  ],
  ['yen to dollars', [3000, 'JPY'], { currency: 'USD', rates: { JPY: '0.0066956' } }, 2009],
  ['yen up to 80', [2986, 'JPY'], { currency: 'JPY', ...up('80') }, 3080],
  ['yen up to 980', [2986, 'JPY'], { currency: 'JPY', ...up('980') }, 3980],
  ['8 percent of yen', [1234, 'JPY'], { currency: 'JPY', ...percent('8') }, 1333],
  [
    'dollars to dinars, which have three decimals',
    [1000, 'USD'],
    { currency: 'KWD', rates: { USD: '0.307' } },
    3070,
  ],
  ['dinars up to .990', [3070, 'KWD'], { currency: 'KWD', ...up('.990') }, 3990],
  ['dinars to yen', [1500, 'KWD'], { currency: 'JPY', rates: { KWD: '486.123456789' } }, 729],
  [
    'fixed, in minor units of the list',
    [1000, 'USD'],
    { currency: 'KWD', rates: { USD: '0.307' }, markup: { fixed: 5 } },
    3075,
  ],
  ['the largest amount', [1_000_000_000_000, 'USD'], {}, 1_000_000_000_000],
  ['cents of the largest amount', [999_999_999_999, 'USD'], percent('0.0000000001'), 1_000_000_000_000],
];

/** What a list says of one SKU. */
const RULES: [string, rule: PriceRule, list: Partial<PriceList>, unitPrice: number][] = [
  ['a markup instead of the list’s', { markup: { percent: '50' } }, percent('25'), 1500],
  ['a fixed markup instead of percent', { markup: { fixed: 111 } }, percent('25'), 1111],
  ['a markup, rounded as the list rounds', { markup: { percent: '50' } }, up('.99'), 1599],
  ['a price is as it is', { price: 1234 }, { ...percent('25'), ...up('.99') }, 1234],
  ['a price needs no rate', { price: 777 }, { currency: 'EUR' }, 777],
  ['no price at all to pay', { price: 0 }, percent('25'), 0],
];

/** Each rule broken: there is no price. */
const REFUSED: [
  string,
  Parameters<typeof product>[0],
  Parameters<typeof lists>,
  NoPrice,
  { quantity?: number; at?: string }?,
][] = [
  ['an inactive product', { active: false }, [{}], 'INACTIVE'],
  ['a currency without a rate', {}, [{ currency: 'EUR' }], 'NO_RATE'],
  ['a rate the other way round', {}, [{ currency: 'EUR', rates: { EUR: '1.1' } }], 'NO_RATE'],
  ['a rate in another case', {}, [{ currency: 'EUR', rates: { usd: '0.9' } }], 'NO_RATE'],
  ['one piece where two are the fewest', {}, [{ minimumQuantity: 2 }], 'BELOW_MINIMUM'],
  [
    'fewer than the SKU’s own minimum',
    { rules: { base: { price: 5, minimumQuantity: 3 } } },
    [{ minimumQuantity: 1 }],
    'BELOW_MINIMUM',
    { quantity: 2 },
  ],
  ['a product that the list does not name', {}, [{ covers: 'listed' }], 'NOT_LISTED'],
  ['a rule of another list', { rules: { other: { price: 5 } } }, [{ covers: 'listed' }], 'NOT_LISTED'],
  ['a list that starts later', {}, [{ startsAt: '2026-11-24T12:00:00.001Z' }], 'NOT_IN_FORCE'],
  ['a list that ends just now', {}, [{ endsAt: AT }], 'NOT_IN_FORCE'],
  ['an ended list whose exception goes on', {}, [{ endsAt: AT }, { endsAt: null }], 'NOT_IN_FORCE'],
  ['less than nothing', {}, [{ markup: { fixed: -1001 } }], 'OUT_OF_RANGE'],
  ['a little less than nothing', { price: 0 }, [{ markup: { fixed: -1 } }], 'OUT_OF_RANGE'],
  [
    'less than nothing, which an ending would make a price',
    { price: 0 },
    [{ markup: { fixed: -1 }, ...up('.99') }],
    'OUT_OF_RANGE',
  ],
  ['more than an amount can be', { price: 1_000_000_000_000 }, [percent('1')], 'OUT_OF_RANGE'],
  ['an ending above what an amount can be', { price: 1_000_000_000_000 }, [up('.99')], 'OUT_OF_RANGE'],
];

const ask = (change: { quantity?: number; at?: string } = {}) => ({ quantity: 1, at: AT, ...change });

describe('a price by a list', () => {
  it.each(EXAMPLES)('%s', (_what, [price, currency], list, unitPrice) => {
    expect(priceOf(product({ price, currency }), lists(list), ask())).toEqual({
      ...{ unitPrice, currency: list.currency ?? 'USD', priceListId: 'base', minimumQuantity: 1 },
    });
  });

  it.each(RULES)('by a rule of its SKU: %s', (_what, rule, list, unitPrice) => {
    expect(priceOf(product({ rules: { base: rule } }), lists(list), ask())).toMatchObject({ unitPrice });
  });

  it.each(REFUSED)('there is none for %s', (_what, change, given, why, asked) => {
    expect(priceOf(product(change), lists(...given), ask(asked))).toBe(why);
    expect(priceOf(product(), lists(), ask())).toMatchObject({ unitPrice: 1000 });
  });

  it('is the product’s own without a list, and none where the list is gone', () => {
    const own = { unitPrice: 1000, currency: 'USD', priceListId: null, minimumQuantity: 1 };
    expect(priceOf(product(), 'none', ask())).toEqual(own);
    expect(priceOf(product(), 'missing', ask())).toBe('NO_LIST');
    expect(priceOf(product({ active: false }), 'none', ask())).toBe('INACTIVE');
  });

  it('holds from the first millisecond to the one before the end', () => {
    const list = lists({ startsAt: '2026-11-24T00:00:00.000Z', endsAt: '2026-11-25T00:00:00.000Z' });
    const priced = (at: string) => typeof priceOf(product(), list, ask({ at })) !== 'string';
    expect(priced('2026-11-23T23:59:59.999Z')).toBe(false);
    expect(priced('2026-11-24T00:00:00.000Z')).toBe(true);
    expect(priced('2026-11-24T23:59:59.999Z')).toBe(true);
    expect(priced('2026-11-25T00:00:00.000Z')).toBe(false);
  });
});

describe('an exception', () => {
  const sale = {
    ...percent('-20'),
    startsAt: '2026-11-24T00:00:00.000Z',
    endsAt: '2026-11-28T00:00:00.000Z',
  };
  const unitPrice = (
    ...given: [Parameters<typeof product>[0], Parameters<typeof lists>, string?, number?]
  ) => {
    const [change, all, at = AT, quantity = 1] = given;
    const price = priceOf(product(change), lists(...all), { at, quantity });
    return typeof price === 'string' ? price : `${price.priceListId ?? ''} ${price.unitPrice}`;
  };

  it('wins while it is in force, and not before or after', () => {
    expect(unitPrice({}, [percent('25'), sale])).toBe('exception-0 800');
    expect(unitPrice({}, [percent('25'), sale], '2026-11-23T23:59:59.999Z')).toBe('base 1250');
    expect(unitPrice({}, [percent('25'), sale], '2026-11-28T00:00:00.000Z')).toBe('base 1250');
  });

  it('wins though it is dearer, and the first of several does', () => {
    expect(unitPrice({}, [{}, percent('50')])).toBe('exception-0 1500');
    expect(unitPrice({}, [{}, percent('50'), sale])).toBe('exception-0 1500');
  });

  it('leaves to the next what it has no price for', () => {
    const listed = { ...sale, covers: 'listed' as const };
    expect(unitPrice({}, [{}, listed, percent('50')])).toBe('exception-1 1500');
    expect(unitPrice({ rules: { 'exception-0': { price: 1 } } }, [{}, listed])).toBe('exception-0 1');
    expect(unitPrice({}, [{}, { ...sale, minimumQuantity: 10 }], AT, 9)).toBe('base 1000');
    expect(unitPrice({}, [{}, { ...sale, minimumQuantity: 10 }], AT, 10)).toBe('exception-0 800');
    expect(unitPrice({}, [{}, { markup: { fixed: -1001 } }])).toBe('base 1000');
    const euros = { currency: 'EUR', rates: { USD: '0.9' } };
    expect(unitPrice({}, [euros, { currency: 'EUR' }])).toBe('base 900');
  });

  it('in another currency than the list is none', () => {
    expect(unitPrice({}, [{}, { currency: 'EUR', rates: { USD: '0.9' } }])).toBe('base 1000');
  });
});

describe('prices by quantity', () => {
  const ladder = (change: Parameters<typeof product>[0], ...all: Parameters<typeof lists>) =>
    pricesOf(product(change), lists(...all), AT).map(({ minimumQuantity, unitPrice }) => [
      minimumQuantity,
      unitPrice,
    ]);

  it('begin with the fewest pieces that are sold', () => {
    expect(ladder({}, {})).toEqual([[1, 1000]]);
    expect(ladder({}, { minimumQuantity: 6 })).toEqual([[6, 1000]]);
    expect(ladder({ active: false }, {})).toEqual([]);
  });

  it('name each quantity from which on it is another price', () => {
    const ten = { minimumQuantity: 10, ...percent('-10') };
    const hundred = { minimumQuantity: 100, ...percent('-20') };
    expect(ladder({}, {}, hundred, ten)).toEqual([[1, 1000], [10, 900], [100, 800]]); // prettier-ignore
    expect(ladder({}, {}, { minimumQuantity: 5 })).toEqual([[1, 1000]]);
    expect(ladder({}, { covers: 'listed' }, ten)).toEqual([[10, 900]]);
  });
});
