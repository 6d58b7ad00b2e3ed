import type { Stripe } from 'stripe';
import { toStripe } from './amounts.ts';
import type { StoredCharge } from './documents.ts';

/** Stripe's invoices have no more. */
const MOST_LINES = 250;

/** SKU, quantity and price of what shipped, equal ones together; no titles. */
export function linesOf(charge: StoredCharge): Stripe.InvoiceAddLinesParams.Line[] {
  const merged = new Map<string, { sku: string; quantity: number; unitPrice: number }>();
  for (const { sku, quantity, unitPrice } of charge.orders.flatMap(({ lines }) => lines)) {
    const name = `${unitPrice} ${sku}`;
    const before = merged.get(name)?.quantity ?? 0;
    merged.set(name, { sku, quantity: before + quantity, unitPrice });
  }
  const all = [...merged.values()];
  const currency = charge.currency.toLowerCase();
  const shown = all.length > MOST_LINES ? all.slice(0, MOST_LINES - 1) : all;
  const rest = all
    .slice(shown.length)
    .reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice, 0);
  return [
    ...shown.map(({ sku, quantity, unitPrice }): Stripe.InvoiceAddLinesParams.Line => {
      const unit = toStripe(unitPrice, charge.currency);
      const amount = toStripe(quantity * unitPrice, charge.currency) ?? 0;
      // A price that Stripe can not take by itself, of a sum that it can.
      if (unit === undefined) return { description: `${sku} × ${quantity}`, amount };
      const price_data = { currency, product_data: { name: sku }, unit_amount: unit };
      return { description: sku, quantity, price_data };
    }),
    ...(rest === 0
      ? []
      : [{ description: 'Further lines', quantity: 1, amount: toStripe(rest, charge.currency) ?? 0 }]),
  ];
}
