import type { Firestore } from '@google-cloud/firestore';
import { matchLines } from './match.ts';

/** Where an order would go. `unitPrice` is the supplier's; `null` where nobody supplies the line. */
export interface Preview {
  currency: string;
  lines: { sku: string; quantity: number; supplier: string | null; unitPrice: number | null }[];
  total: number;
}

/** Matches lines as routing would, and stores nothing. */
export async function previewLines(
  db: Firestore,
  companyId: string,
  currency: string,
  lines: { sku: string; quantity: number }[],
): Promise<Preview> {
  const open = lines.map((line) => ({ ...line, fulfilledQuantity: 0, cancelledQuantity: 0, supplier: null }));
  const matches = new Map(
    (await matchLines(db, companyId, currency, open)).map((match) => [match.line, match]),
  );
  const shown = open.map((line) => {
    const match = matches.get(line);
    const supplier = match?.supplier?.partnerId ?? null;
    const unitPrice = supplier === null ? null : (match?.product?.price ?? null);
    return { sku: line.sku, quantity: line.quantity, supplier, unitPrice };
  });
  const total = shown.reduce((sum, line) => sum + (line.unitPrice ?? 0) * line.quantity, 0);
  return { currency, lines: shown, total };
}
