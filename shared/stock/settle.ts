import { freeOf, MAIN_PLACE, onHand, type StoredReservation, type StoredStock } from '../domain/stock.ts';

/** What of a stock is counted; the rest of its document is when and whose. */
export type Count = Pick<StoredStock, 'places' | 'reserved' | 'waiting'>;
/** What of a reservation is counted. */
export type Need = Pick<StoredReservation, 'quantity' | 'shipped' | 'granted' | 'taken' | 'state'>;

/** A stock and one reservation of it, as they are after a step. */
export interface Settled<R extends Need> {
  stock: Count;
  reservation: R;
}

/** How much is promised that is not there, since the merchant has counted less. */
export function shortage(stock: Count): number {
  return Math.max(0, stock.reserved - onHand(stock));
}

/**
 * Weighs a reservation against the stock: what was shipped leaves it, what is not needed any more is given back, and
 * what is needed is granted whole or not at all. `queue`: whoever waits longer goes first, so that nothing is granted
 * while others wait. Settling twice changes nothing more.
 */
export function settle<R extends Need>(stock: Count, reservation: R, queue: boolean): Settled<R> {
  return grant(giveBack(takeShipped({ stock: stepOut(stock, reservation), reservation })), queue);
}

/** Takes back what a reservation was promised, if anything: it waits from now on. */
export function takeBack<R extends Need>(stock: Count, reservation: R): Settled<R> {
  return {
    stock: { ...stock, reserved: stock.reserved - reservation.granted, waiting: stock.waiting + 1 },
    reservation: { ...reservation, granted: 0, state: 'backordered' },
  };
}

/** The stock without this reservation in its queue. */
function stepOut(stock: Count, { state }: Need): Count {
  return state === 'backordered' ? { ...stock, waiting: stock.waiting - 1 } : stock;
}

/**
 * What was shipped without having been promised is taken from what is free; beyond that it was never counted, and the
 * others' promises stand.
 */
function takeShipped<R extends Need>({ stock, reservation }: Settled<R>): Settled<R> {
  const shipped = reservation.shipped - reservation.taken;
  const promised = Math.min(shipped, reservation.granted);
  const free = Math.min(shipped - promised, freeOf(stock));
  return {
    stock: {
      ...stock,
      places: draw(stock.places, promised + free),
      reserved: stock.reserved - promised,
    },
    reservation: { ...reservation, granted: reservation.granted - promised, taken: reservation.shipped },
  };
}

function giveBack<R extends Need>({ stock, reservation }: Settled<R>): Settled<R> {
  const granted = Math.min(reservation.granted, reservation.quantity);
  const back = reservation.granted - granted;
  return {
    stock: { ...stock, reserved: stock.reserved - back },
    reservation: { ...reservation, granted },
  };
}

function grant<R extends Need>({ stock, reservation }: Settled<R>, queue: boolean): Settled<R> {
  if (reservation.quantity === 0) return { stock, reservation: { ...reservation, state: 'released' } };
  const missing = reservation.quantity - reservation.granted;
  const first = !queue || stock.waiting === 0;
  if (missing > 0 && (!first || missing > freeOf(stock))) return takeBack(stock, reservation);
  return {
    stock: { ...stock, reserved: stock.reserved + missing },
    reservation: { ...reservation, granted: reservation.quantity, state: 'granted' },
  };
}

/** The same places with as many more, or fewer (below zero), of what nobody says where it lies: where most is. */
export function moved(places: Count['places'], change: number): Count['places'] {
  if (change <= 0) return draw(places, -change);
  const [fullest = MAIN_PLACE] = fullestFirst(places);
  return { ...places, [fullest]: (places[fullest] ?? 0) + change };
}

/** Nobody says where a parcel left from: it is taken from where most is. No place goes below zero. */
function draw(places: Count['places'], quantity: number): Count['places'] {
  let rest = quantity;
  const left = { ...places };
  for (const place of fullestFirst(places)) {
    const some = Math.min(rest, left[place] ?? 0);
    left[place] = (left[place] ?? 0) - some;
    rest -= some;
  }
  return left;
}

function fullestFirst(places: Count['places']): string[] {
  return Object.keys(places).sort((a, b) => (places[b] ?? 0) - (places[a] ?? 0) || (a < b ? -1 : 1));
}
