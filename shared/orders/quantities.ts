import { AppError, badFields, type FieldError } from '../domain/errors.ts';
import type { OrderLine } from '../domain/order.ts';

/** What a request names of an order's lines. */
export interface LineQuantity {
  lineId: string;
  quantity: number;
}

/**
 * Quantities by line id, repeated lines added up. BAD_REQUEST for a line that the order does not have,
 * QUANTITY_EXCEEDED for more than `available` says there is; both name the place in the request.
 */
export function chosen(
  lines: OrderLine[],
  asked: LineQuantity[],
  available: (line: OrderLine) => number,
): Map<string, number> {
  const known = new Map(lines.map((line) => [line.id, line]));
  const sums = new Map<string, number>();
  const unknown: FieldError[] = [];
  const exceeded: FieldError[] = [];
  asked.forEach(({ lineId, quantity }, place) => {
    const line = known.get(lineId);
    if (line === undefined) {
      unknown.push({ path: `lines.${place}.lineId`, message: 'no line of this order' });
      return;
    }
    const sum = (sums.get(lineId) ?? 0) + quantity;
    sums.set(lineId, sum);
    const most = available(line);
    if (sum > most)
      exceeded.push({ path: `lines.${place}.quantity`, message: `more than the ${most} that are left` });
  });
  if (unknown.length > 0) throw badFields(...unknown);
  if (exceeded.length > 0) throw new AppError('QUANTITY_EXCEEDED', undefined, { fields: exceeded });
  return sums;
}

/** All there is of every line, for a request that names no lines; QUANTITY_EXCEEDED when that is nothing. */
export function allOf(lines: OrderLine[], available: (line: OrderLine) => number): Map<string, number> {
  const all = new Map(
    lines.map((line) => [line.id, available(line)] as const).filter(([, most]) => most > 0),
  );
  if (all.size === 0) throw new AppError('QUANTITY_EXCEEDED', 'nothing is left of any line');
  return all;
}
