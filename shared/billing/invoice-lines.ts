import type { Stripe } from 'stripe';
import { toStripe } from './amounts.ts';
import type { ChargedLine, StoredCharge } from './documents.ts';

/** Stripe's invoices have no more. */
const MOST_LINES = 250;

type Named = Pick<ChargedLine, 'sku' | 'quantity' | 'unitPrice'>;

/** SKU, quantity and price of what shipped, equal ones together; no titles. */
export function linesOf(charge: StoredCharge): Stripe.InvoiceAddLinesParams.Line[] {
  const merged = new Map<string, Named>();
  for (const { sku, quantity, unitPrice } of charge.orders.flatMap(({ lines }) => lines)) {
    const name = `${unitPrice} ${sku}`;
    const before = merged.get(name)?.quantity ?? 0;
    merged.set(name, { sku, quantity: before + quantity, unitPrice });
  }
  const { currency } = charge;
  const amountOf = (some: Named[]): number =>
    some.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice, 0);
  // What Stripe can not take by itself is taken together: the whole is an amount that it can.
  const [alone, together] = [true, false].map((fits) =>
    [...merged.values()].filter((each) => (toStripe(amountOf([each]), currency) !== undefined) === fits),
  ) as [Named[], Named[]];
  const room = together.length > 0 || alone.length > MOST_LINES ? MOST_LINES - 1 : MOST_LINES;
  const rest = [...alone.slice(room), ...together];
  return [
    ...alone.slice(0, room).map((line): Stripe.InvoiceAddLinesParams.Line => {
      const { sku, quantity, unitPrice } = line;
      const unit = toStripe(unitPrice, currency);
      // A price that Stripe can not take, of a sum that it can.
      if (unit === undefined) {
        return { description: `${sku} × ${quantity}`, amount: toStripe(amountOf([line]), currency) ?? 0 };
      }
      const price_data = { currency: currency.toLowerCase(), product_data: { name: sku }, unit_amount: unit };
      return { description: sku, quantity, price_data };
    }),
    ...(rest.length === 0
      ? []
      : [{ description: 'Further lines', quantity: 1, amount: toStripe(amountOf(rest), currency) ?? 0 }]),
  ];
}
