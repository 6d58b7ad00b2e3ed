import Big from 'big.js';
import currencies from 'currency-codes';

/** ISO 4217 codes that are no money a shopper pays with: metals, units of account, funds, tests, "none". */
const NOT_MONEY = new Set([
  ...['XAG', 'XAU', 'XPD', 'XPT', 'XBA', 'XBB', 'XBC', 'XBD', 'XDR', 'XSU', 'XUA', 'XTS', 'XXX'],
  ...['BOV', 'CHE', 'CHW', 'CLF', 'COU', 'MXV', 'USN', 'UYI', 'UYW'],
]);

/**
 * Decimals by code, built once: the package searches its list from the start for every question. The Caribbean
 * guilder (ISO 4217 amendment 176, in use since March 2025) is newer than the package's list.
 */
const DIGITS: ReadonlyMap<string, number> = new Map([
  ...currencies.data
    .filter((currency) => !NOT_MONEY.has(currency.code))
    .map((currency): [string, number] => [currency.code, currency.digits]),
  ['XCG', 2],
]);

/** Bounds the work on a hostile text; a real amount has no more than some twenty characters. */
const MAX_CHARACTERS = 64;
const DECIMAL = /^\d+(?:\.\d+)?$/;
const MAX_MINOR_UNITS = 1_000_000_000_000;

/** Whether this is the ISO 4217 code, in capitals, of money that people pay with. */
export function isCurrency(code: string): boolean {
  return DIGITS.has(code);
}

/** How many decimals a currency has: 2 for euros, 0 for yen, 3 for dinars; `undefined` for what is no currency. */
export function decimalsOf(code: string): number | undefined {
  return DIGITS.get(code);
}

/** Minor units as a plain decimal with all its decimals (`1990`, `'USD'` → `'19.90'`); `undefined` in no currency. */
export function majorUnits(minor: number, currency: string): string | undefined {
  const digits = DIGITS.get(currency);
  return digits === undefined ? undefined : new Big(minor).div(10 ** digits).toFixed(digits);
}

/**
 * The amount in integer minor units of its currency (`'19.90'`, `'USD'` → 1990), or `undefined` for what is no amount:
 * negative, above 10^12 minor units, no plain decimal, or in no currency. Decimals beyond the currency's are rounded
 * half up on the exact decimal; a JSON number stands for the shortest decimal that reads back as that number.
 */
export function minorUnits(amount: string | number, currency: string): number | undefined {
  const digits = DIGITS.get(currency);
  const exact = decimal(amount);
  if (digits === undefined || exact === undefined) return undefined;
  const minor = exact.times(10 ** digits).round(0, Big.roundHalfUp);
  return minor.gt(MAX_MINOR_UNITS) ? undefined : minor.toNumber();
}

function decimal(amount: string | number): Big | undefined {
  if (typeof amount === 'number') {
    // Through its text: a Big made of -0 itself stays negative.
    return Number.isFinite(amount) && amount >= 0 ? new Big(String(amount)) : undefined;
  }
  return amount.length <= MAX_CHARACTERS && DECIMAL.test(amount) ? new Big(amount) : undefined;
}

/** Integer minor units as decimal text, as shops' APIs take amounts: 1990 of USD is `19.90`. */
export function decimalText(minor: number, currency: string): string {
  const digits = DIGITS.get(currency) ?? 2;
  return new Big(minor).div(10 ** digits).toFixed(digits);
}
