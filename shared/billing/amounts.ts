/**
 * ISO 4217 and Stripe count some currencies in different units: https://docs.stripe.com/currencies#special-cases.
 * Those of ten to the power given here are what Stripe's amount is ours times.
 */
const TIMES: Readonly<Record<string, number>> = { ISK: 100, UGX: 100 };
/** ISO gives it two decimals, Stripe none. */
const WHOLE: ReadonlySet<string> = new Set(['MGA']);
/** Stripe takes their third decimal as a nought only. */
const TENS: ReadonlySet<string> = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND']);

/** The least that Stripe takes, in minor units: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts. */
const LEAST: Readonly<Record<string, number>> = {
  ...{ USD: 50, AED: 200, AUD: 50, BGN: 100, BRL: 50, CAD: 50, CHF: 50, CZK: 1500, DKK: 250, EUR: 50 },
  ...{ GBP: 30, HKD: 400, HUF: 17_500, INR: 50, JPY: 50, MXN: 1000, MYR: 200, NOK: 300, NZD: 50 },
  ...{ PLN: 200, RON: 200, SEK: 300, SGD: 50, THB: 1000 },
};
/** Stripe's amounts have eight digits at most. */
const MOST = 99_999_999;

/** Whether a sum is too little to be charged by itself. Of currencies not named above Stripe says so when it is asked. */
export function isTooLittle(amount: number, currency: string): boolean {
  return amount < (LEAST[currency] ?? 1);
}

export function isTooMuch(amount: number, currency: string): boolean {
  return (toStripe(amount, currency) ?? amount) > MOST;
}

/** Our minor units as Stripe counts them; undefined for an amount that Stripe can not take. */
export function toStripe(amount: number, currency: string): number | undefined {
  if (amount % stepOf(currency) !== 0) return undefined;
  if (WHOLE.has(currency)) return amount / 100;
  return amount * (TIMES[currency] ?? 1);
}

/** Stripe's amount in our minor units. */
export function fromStripeAmount(amount: number, currency: string): number {
  if (WHOLE.has(currency)) return amount * 100;
  return amount / (TIMES[currency] ?? 1);
}

/** What of an amount is the hub's, rounded down to what Stripe takes of the currency. */
export function feeOf(amount: number, basisPoints: number, currency: string): number {
  const share = Number((BigInt(amount) * BigInt(basisPoints)) / 10_000n);
  return share - (share % stepOf(currency));
}

/** What amounts that Stripe takes are multiples of. */
function stepOf(currency: string): number {
  if (WHOLE.has(currency)) return 100;
  return TENS.has(currency) ? 10 : 1;
}
