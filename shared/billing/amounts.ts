/**
 * ISO 4217 and Stripe count some currencies in different units: https://docs.stripe.com/currencies#special-cases.
 * Those of ten to the power given here are what Stripe's amount is ours times.
 */
const TIMES: Readonly<Record<string, number>> = { ISK: 100, UGX: 100 };
/** ISO gives it two decimals, Stripe none. */
const WHOLE: ReadonlySet<string> = new Set(['MGA']);
/** Stripe takes their third decimal as a nought only. */
const TENS: ReadonlySet<string> = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND']);

/** Our minor units as Stripe counts them; undefined for an amount that Stripe can not take. */
export function toStripe(amount: number, currency: string): number | undefined {
  if (WHOLE.has(currency)) return amount % 100 === 0 ? amount / 100 : undefined;
  if (TENS.has(currency) && amount % 10 !== 0) return undefined;
  return amount * (TIMES[currency] ?? 1);
}

/** Stripe's amount in our minor units. */
export function fromStripeAmount(amount: number, currency: string): number {
  if (WHOLE.has(currency)) return amount * 100;
  return amount / (TIMES[currency] ?? 1);
}

/** What of an amount is the hub's, rounded down. */
export function feeOf(amount: number, basisPoints: number): number {
  return Number((BigInt(amount) * BigInt(basisPoints)) / 10_000n);
}
