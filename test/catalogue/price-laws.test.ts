import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endingOf } from '../../shared/catalogue/price-list.ts';
import { type Price, priceOf, pricesOf } from '../../shared/catalogue/price.ts';
import { decimalsOf, majorUnits, minorUnits } from '../../shared/domain/money.ts';
import { lists, priceList, product } from './price-fixture.ts';

const AT = '2026-11-24T12:00:00.000Z';
const currency = fc.constantFrom('USD', 'EUR', 'JPY', 'KRW', 'KWD', 'BHD');
const price = fc.integer({ min: 0, max: 1_000_000_000 });
const rate = fc
  .integer({ min: 1, max: 999_999_999 })
  .map((whole) => `${whole % 1000}.${String(whole).padStart(9, '0')}`);
const percent = fc.integer({ min: -9_999, max: 99_999 }).map((tenths) => (tenths / 100).toFixed(2));
const markup = fc.oneof(
  fc.constant(null),
  percent.map((text) => ({ percent: text })),
  fc.integer({ min: -10_000, max: 10_000 }).map((fixed) => ({ fixed })),
);
const minimumQuantity = fc.integer({ min: 1, max: 50 });

/** An ending that the currency has. */
function endingFor(code: string): fc.Arbitrary<string> {
  const decimals = decimalsOf(code) ?? 0;
  return fc
    .tuple(fc.stringMatching(/^\d{1,2}$/), fc.stringMatching(new RegExp(`^\\d{${decimals}}$`)))
    .map(([whole, rest]) => (decimals === 0 ? whole : `${whole}.${rest}`));
}

const priced = (value: unknown): Price => {
  expect(value).toBeTypeOf('object');
  return value as Price;
};

describe('for every price', () => {
  it('it is a whole number of minor units in the list’s currency, or there is none', () => {
    const run = fc.record({ price, from: currency, to: currency, rate, markup, quantity: minimumQuantity });
    fc.assert(
      fc.property(run, ({ price, from, to, rate, markup, quantity }) => {
        const by = lists({ currency: to, rates: { [from]: rate }, markup });
        const made = priceOf(product({ price, currency: from }), by, { quantity, at: AT });
        if (typeof made === 'string') return made === 'OUT_OF_RANGE';
        return Number.isSafeInteger(made.unitPrice) && made.unitPrice >= 0 && made.currency === to;
      }),
    );
  });

  it('rounding up gives the smallest price with the ending that is not below; down the largest not above', () => {
    const run = fc
      .tuple(price, currency)
      .chain(([amount, code]) => endingFor(code).map((ending) => ({ amount, code, ending })));
    fc.assert(
      fc.property(run, ({ amount, code, ending }) => {
        const by = (direction: 'up' | 'down' | 'nearest') =>
          priced(
            priceOf(
              product({ price: amount, currency: code }),
              lists({ currency: code, rounding: { ending, direction } }),
              { quantity: 1, at: AT },
            ),
          ).unitPrice;
        const { rest, digits } = endingOf({ ending, direction: 'up' }, code) ?? { rest: -1, digits: 0 };
        const [up, down, nearest] = [by('up'), by('down'), by('nearest')];
        for (const each of [up, down, nearest]) expect(each % 10 ** digits).toBe(rest);
        expect(up).toBeGreaterThanOrEqual(amount);
        expect(up - 10 ** digits).toBeLessThan(amount);
        expect(
          down === rest ? amount < 10 ** digits + rest : down <= amount && amount < down + 10 ** digits,
        ).toBe(true);
        expect([up, down]).toContain(nearest);
      }),
    );
  });

  it('a dearer product never gets cheaper, and a higher markup is never a lower price', () => {
    const run = fc.record({ one: price, other: price, low: percent, high: percent });
    fc.assert(
      fc.property(run, ({ one, other, low, high }) => {
        const at = (amount: number, text: string) =>
          priced(
            priceOf(
              product({ price: amount }),
              lists({ markup: { percent: text }, rounding: { ending: '.99', direction: 'nearest' } }),
              { quantity: 1, at: AT },
            ),
          ).unitPrice;
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        expect(at(less, low)).toBeLessThanOrEqual(at(more, low));
        const [weak, strong] = Number(low) <= Number(high) ? [low, high] : [high, low];
        expect(at(one, weak)).toBeLessThanOrEqual(at(one, strong));
      }),
    );
  });

  it('the ladder says at each quantity what an order of it pays', () => {
    const list = fc.record({
      minimumQuantity,
      markup,
      covers: fc.constantFrom('all' as const, 'listed' as const),
    });
    const run = fc.record({
      base: list,
      exceptions: fc.array(list, { maxLength: 4 }),
      quantity: minimumQuantity,
    });
    fc.assert(
      fc.property(run, ({ base, exceptions, quantity }) => {
        const by = {
          base: priceList(base),
          exceptions: exceptions.map((each, n) => priceList({ id: `x${n}`, ...each })),
        };
        const paid = priceOf(product(), by, { quantity, at: AT });
        const said = pricesOf(product(), by, AT).findLast((each) => each.minimumQuantity <= quantity);
        expect(typeof paid === 'string' ? undefined : paid.unitPrice).toBe(said?.unitPrice);
      }),
    );
  });

  it('what is written as a decimal reads back as the same minor units', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000_000 }), currency, (minor, code) => {
        expect(minorUnits(majorUnits(minor, code) ?? '', code)).toBe(minor);
      }),
    );
  });
});
