import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCurrency, minorUnits } from '../../shared/domain/money.ts';

describe('minor units', () => {
  it.each([
    ['199.00', 'USD', 19_900],
    ['0', 'EUR', 0],
    ['0.01', 'EUR', 1],
    ['007.50', 'EUR', 750],
    ['1.1', 'GBP', 110],
    ['1000', 'JPY', 1000],
    ['1000.00', 'JPY', 1000],
    ['12500', 'KRW', 12_500],
    ['1.234', 'KWD', 1234],
    ['0.5', 'BHD', 500],
    ['19.90', 'XCG', 1990],
    ['10000000000.00', 'USD', 1_000_000_000_000],
  ])('reads the text %s in %s as %i', (amount, currency, expected) => {
    expect(minorUnits(amount, currency)).toBe(expected);
  });

  it.each([
    ['0.005', 'USD', 1],
    ['0.00499999999999999999999', 'USD', 0],
    ['1.005', 'USD', 101],
    ['8.345', 'EUR', 835],
    ['10.5', 'JPY', 11],
    ['10.49', 'JPY', 10],
    ['2.0005', 'KWD', 2001],
    ['2.00049', 'KWD', 2000],
    ['10000000000.004', 'USD', 1_000_000_000_000],
  ])('rounds the exact decimal %s in %s half up to %i', (amount, currency, expected) => {
    expect(minorUnits(amount, currency)).toBe(expected);
  });

  it.each([
    [19.9, 'USD', 1990],
    [1.005, 'USD', 101],
    [0.1 + 0.2, 'USD', 30],
    [0.1 + 0.2 - 0.3, 'USD', 0],
    [-0, 'USD', 0],
    [4_503_599_627.37, 'USD', 450_359_962_737],
    [1000, 'JPY', 1000],
    [1.2345, 'KWD', 1235],
  ])('takes the JSON number %d in %s by its shortest decimal, %i', (amount, currency, expected) => {
    expect(minorUnits(amount, currency)).toBe(expected);
  });

  it.each([
    ...['', ' ', ' 1', '1 ', '1\n', '-1', '-0.01', '-0', '+1', '.5', '5.', '1,5', '1.000,00', '1_000'],
    ...['1e3', '1E-2', 'Infinity', 'NaN', '0x10', '0b1', '1n', '$1', '1.2.3', '١', '１'],
    ...['10000000000.005', '9'.repeat(64), `0.${'0'.repeat(63)}`],
    ...[-1, -0.01, NaN, Infinity, -Infinity, 1e21, 1e308, 10_000_000_000.01],
  ])('takes %j for no amount', (amount) => {
    expect(minorUnits(amount, 'USD')).toBeUndefined();
  });

  it('does not work through a text of a million digits', () => {
    expect(minorUnits('0'.repeat(1_000_000), 'USD')).toBeUndefined();
  });

  it.each(['XXX', 'usd', '', 'EURO', '__proto__'])('knows no amount in %j', (currency) => {
    expect(minorUnits('1.00', currency)).toBeUndefined();
  });

  it('gives back every amount that is written with its own decimals, as text and as a number', () => {
    const law = fc.property(
      fc.integer({ min: 0, max: 1_000_000_000_000 }),
      fc.constantFrom({ code: 'JPY', digits: 0 }, { code: 'USD', digits: 2 }, { code: 'KWD', digits: 3 }),
      (minor, { code, digits }) => {
        const text = written(minor, digits);
        expect(minorUnits(text, code)).toBe(minor);
        expect(minorUnits(Number(text), code)).toBe(minor);
      },
    );
    fc.assert(law, { numRuns: 1000 });
  });

  it('answers any text with nothing or a whole number in range', () => {
    const law = fc.property(fc.oneof(fc.string(), fc.double().map(String)), (text) => {
      const minor = minorUnits(text, 'EUR');
      expect(minor === undefined || (Number.isSafeInteger(minor) && minor >= 0 && minor <= 1e12)).toBe(true);
    });
    fc.assert(law, { numRuns: 1000 });
  });
});

describe('a currency', () => {
  it.each(['USD', 'EUR', 'JPY', 'KWD', 'XAF', 'XOF', 'XPF', 'XCD', 'XCG'])('is %s', (code) => {
    expect(isCurrency(code)).toBe(true);
  });

  it.each(['XXX', 'XTS', 'XAU', 'XDR', 'CLF', 'USN', 'AAA', 'usd', 'US', '', 'constructor'])(
    'is not %j',
    (code) => {
      expect(isCurrency(code)).toBe(false);
    },
  );
});

/** The minor units as a shop writes them, without floating point: 1990 with two digits is `19.90`. */
function written(minor: number, digits: number): string {
  const text = String(minor).padStart(digits + 1, '0');
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
