import { z } from 'zod';
import { isId } from '../domain/ids.ts';
import type { ChargedOrder } from './documents.ts';

/** What a payment's metadata says of one order that it is for. */
export interface PaidOrder {
  orderId: string;
  shownId: string;
  /** Minor units. */
  amount: number;
  /** By the last eight characters of a line's id. */
  quantities: Map<string, number>;
}

/** A value of Stripe's metadata has no more characters: https://docs.stripe.com/metadata#data. */
const MOST_CHARACTERS = 500;
const TAIL = 8;

/**
 * Which orders a payment is for and how much of each line, as metadata of Stripe's: `orders0`, `orders1` and so on. A hub
 * that was restored from a backup knows by it what was charged since. Ids and numbers, nothing else.
 */
export function toMetadata(orders: readonly ChargedOrder[]): Record<string, string> {
  const text = orders
    .map(({ orderId, shownId, amount, lines }) => {
      const quantities = lines.map(({ lineId, quantity }) => `${tailOf(lineId)}*${String(quantity)}`);
      return [orderId, shownId, String(amount), quantities.join(',')].join(':');
    })
    .join(';');
  const values = text.match(new RegExp(`.{1,${String(MOST_CHARACTERS)}}`, 'g')) ?? [];
  return Object.fromEntries(values.map((value, at) => [`orders${String(at)}`, value]));
}

/** What `toMetadata` wrote; undefined: it did not, or somebody has changed it. */
export function fromMetadata(metadata: Record<string, string>): PaidOrder[] | undefined {
  let text = '';
  for (let at = 0; metadata[`orders${String(at)}`] !== undefined; at += 1) {
    text += metadata[`orders${String(at)}`] ?? '';
  }
  const orders = text.split(';').map(readOrder);
  return orders.includes(undefined) ? undefined : orders.flatMap((order) => order ?? []);
}

export function tailOf(lineId: string): string {
  return lineId.slice(-TAIL);
}

const Whole = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

function readOrder(text: string): PaidOrder | undefined {
  const [orderId = '', shownId = '', amount, lines = ''] = text.split(':');
  const sum = Whole.safeParse(amount).data;
  if (!isId('order', orderId) || !isId('order', shownId) || sum === undefined) return undefined;
  const quantities = new Map<string, number>();
  for (const line of lines.split(',').filter((each) => each !== '')) {
    const [tail = '', quantity] = line.split('*');
    const read = Whole.safeParse(quantity).data;
    if (tail.length !== TAIL || read === undefined) return undefined;
    quantities.set(tail, read);
  }
  return { orderId, shownId, amount: sum, quantities };
}
