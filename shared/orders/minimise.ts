import { badFields } from '../domain/errors.ts';
import type { IncomingLine, IncomingOrder } from '../domain/order.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { cleanShipTo, cleanTitle } from './clean-text.ts';

/** A sender's clock may run ahead by this much, in milliseconds; what lies beyond is taken as now. */
const AHEAD = 5 * 60_000;
const MOST_LINES = 500;

/** An order with nothing left in it that a label does not need. */
export interface MinimisedOrder extends Omit<IncomingOrder, 'scrub' | 'lines'> {
  lines: Omit<IncomingLine, 'title'>[];
  /** By line key; sealed, as nobody knows what a shop's titles hold. */
  titles: Record<string, string>;
  /** True when something that is no address was cut out of the address. */
  addressCleaned: boolean;
}

/** Cleans the text that stays, cuts what is impossible down to what is possible, and forgets the rest. */
export function minimise(incoming: IncomingOrder, now: Clock): MinimisedOrder {
  if (incoming.lines.length > MOST_LINES) {
    throw badFields({ path: 'lines', message: `more than ${MOST_LINES} lines` });
  }
  const { scrub, lines, shipTo, ...rest } = incoming;
  const address = shipTo === null ? undefined : cleanShipTo(shipTo, scrub);
  const keyed = uniqueKeys(lines);
  return {
    ...rest,
    updatedAt: notAhead(incoming.updatedAt, now),
    shipTo: address === undefined || address.empty ? null : address.shipTo,
    addressCleaned: address?.cleaned ?? false,
    lines: keyed.map(({ title: _title, ...line }) => within(line, incoming.cancelled)),
    titles: Object.fromEntries(keyed.map((line) => [line.key, cleanTitle(line.title, scrub)])),
  };
}

function notAhead(updatedAt: string, now: Clock): string {
  return Date.parse(updatedAt) > now() + AHEAD ? timestamp(now) : updatedAt;
}

/** Shipped and cancelled never exceed what was ordered; a cancelled order ships nothing more. */
function within<L extends Omit<IncomingLine, 'title'>>(line: L, cancelled: boolean): L {
  const fulfilledQuantity = Math.min(line.fulfilledQuantity, line.quantity);
  const rest = line.quantity - fulfilledQuantity;
  return {
    ...line,
    fulfilledQuantity,
    cancelledQuantity: cancelled ? rest : Math.min(line.cancelledQuantity, rest),
  };
}

function uniqueKeys(lines: IncomingLine[]): IncomingLine[] {
  const seen = new Map<string, number>();
  return lines.map((line) => {
    const times = (seen.get(line.key) ?? 0) + 1;
    seen.set(line.key, times);
    return times === 1 ? line : { ...line, key: `${line.key}/${times}` };
  });
}

/** Titles under the ids of their lines. */
export function titlesById(order: MinimisedOrder, idOf: (key: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(order.titles).map(([key, title]) => [idOf(key), title]));
}
