import type { Firestore } from '@google-cloud/firestore';
import { isShort, matchLines } from './match.ts';
import type { Offers } from '../domain/offer.ts';

/** Where an order would go. `unitPrice` is the supplier's; `null` where nobody supplies the line. */
export interface Preview {
  currency: string;
  lines: {
    sku: string;
    quantity: number;
    supplier: string | null;
    unitPrice: number | null;
    stock: 'granted' | 'backordered' | null;
  }[];
  total: number;
}

/** Matches lines as routing would at this time, and stores nothing. */
export async function previewLines(
  demand: { companyId: string; currency: string; at: string; lines: { sku: string; quantity: number }[] },
  deps: { db: Firestore; offers: Offers },
): Promise<Preview> {
  const open = demand.lines.map((line) => ({
    ...line,
    ...{ fulfilledQuantity: 0, cancelledQuantity: 0, supplier: null },
  }));
  const matches = new Map(
    (await matchLines({ ...demand, lines: open }, deps)).map((match) => [match.line, match.supply]),
  );
  const shown = open.map((line): Preview['lines'][number] => {
    const supply = matches.get(line) ?? null;
    const { sku, quantity } = line;
    if (supply === null) return { sku, quantity, supplier: null, unitPrice: null, stock: null };
    const { supplier, offer, available } = supply;
    const known = supplier.showsStock && available !== null;
    const stock = !known ? null : isShort(supply, quantity) ? 'backordered' : 'granted';
    return { sku, quantity, supplier: supplier.partnerId, unitPrice: offer.unitPrice, stock };
  });
  const total = shown.reduce((sum, line) => sum + (line.unitPrice ?? 0) * line.quantity, 0);
  return { currency: demand.currency, lines: shown, total };
}
