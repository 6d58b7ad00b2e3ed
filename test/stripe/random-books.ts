import { expect } from 'vitest';
import { dice, type Fault } from '../../local/stripe/misbehave.ts';
import type { Kept } from '../../local/stripe/store.ts';
import { settle } from '../../shared/billing/settle.ts';
import { STRIPE_EVENTS, StripeEventMessage } from '../../shared/domain/billing.ts';
import { type Books, HOUR } from './books.ts';

const FAULTS: Fault[] = ['lose', 'lose-before', 429, 500, 503];

/** Messages on their way: lost, twice, late, in any order, and again when they could not be applied. */
class Post {
  readonly #books: Books;
  readonly #random: () => number;
  readonly #seen = new Set<string>();
  #waiting: { message: StripeEventMessage; dueAt: number }[] = [];

  constructor(books: Books, random: () => number) {
    this.#books = books;
    this.#random = random;
  }

  /** Takes what Stripe has to tell, as often and as late as it likes. */
  collect(well: boolean): void {
    const { stripe, account, deps } = this.#books;
    for (const event of stripe.all(account, 'event')) {
      if (this.#seen.has(event.id)) continue;
      this.#seen.add(event.id);
      const message = messageOf(event, account);
      if (message === undefined) continue;
      const copies = well ? 1 : this.#random() < 0.15 ? 0 : this.#random() < 0.3 ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        const late = !well && this.#random() < 0.3 ? Math.floor(this.#random() * 60 * HOUR) : 0;
        this.#waiting.push({ message, dueAt: deps.now() + late });
      }
    }
    this.#waiting.sort(() => this.#random() - 0.5);
  }

  async deliver(): Promise<void> {
    const now = this.#books.deps.now();
    const due = this.#waiting.filter(({ dueAt }) => dueAt <= now);
    this.#waiting = this.#waiting.filter(({ dueAt }) => dueAt > now);
    for (const { message } of due) {
      await settle(message, this.#books.acting, this.#books.deps).catch(() => {
        this.#waiting.push({ message, dueAt: now + HOUR });
      });
    }
  }
}

function messageOf(event: Kept, account: string): StripeEventMessage | undefined {
  if (!(STRIPE_EVENTS as readonly unknown[]).includes(event['type'])) return undefined;
  const objectId = (event['data'] as { object: { id: string } }).object.id;
  return StripeEventMessage.parse({
    ...{ eventId: event.id, type: event['type'], account, objectId, created: event.created },
  });
}

/**
 * Ships some orders every few hours for some days while Stripe loses answers and refuses, runs end in their midst, and
 * events are repeated, late, out of order and lost; then lets everything come to rest. Each order is charged once.
 */
export async function randomBooks(
  books: Books,
  options: { seed: number; rounds: number; each: number },
): Promise<void> {
  const random = dice(options.seed);
  const post = new Post(books, random);
  const ids: string[] = [];
  let calls = 0;
  let endsAt = Infinity;
  books.stripe.misbehave(({ method }) => {
    calls += 1;
    if (calls > endsAt) return method === 'POST' ? 'lose-before' : 503;
    return random() < 0.1 ? FAULTS[Math.floor(random() * FAULTS.length)] : undefined;
  });
  for (let round = 0; round < options.rounds; round += 1) {
    for (let each = 0; each < options.each; each += 1) {
      ids.push(await books.ship(50 + Math.floor(random() * 5000), 1 + Math.floor(random() * 3)));
    }
    books.pass((1 + Math.floor(random() * 30)) * HOUR);
    calls = 0;
    endsAt = random() < 0.3 ? Math.floor(random() * 8) : Infinity;
    await books.tick().catch(() => undefined);
    endsAt = Infinity;
    post.collect(false);
    await post.deliver();
  }
  books.stripe.misbehave(() => undefined);
  for (let day = 0; day < 5; day += 1) {
    books.pass(25 * HOUR);
    await books.tick();
    post.collect(true);
    await post.deliver();
  }
  await expectEachOnce(books, ids);
}

async function expectEachOnce(books: Books, ids: string[]): Promise<void> {
  const charges = await books.charges();
  const sides = await Promise.all([books.supplierId, books.retailerId].map(books.charges));
  expect(charges.map(({ state }) => state)).toEqual(charges.map(() => 'succeeded'));
  const charged = charges.flatMap(({ orders }) => orders.map(({ orderId }) => orderId));
  expect(charged.toSorted()).toEqual(ids.toSorted());
  for (const { orders } of charges) {
    for (const { orderId, amount } of orders) {
      const { lines, unbilled } = await books.order(orderId);
      expect([amount, unbilled]).toEqual([(lines[0]?.unitPrice ?? 0) * (lines[0]?.quantity ?? 0), undefined]);
    }
  }
  const paid = books.paid().map(({ id, amount }) => `${id} ${amount}`);
  for (const side of sides) {
    expect(side.map(({ paymentIntentId, amount }) => `${paymentIntentId} ${amount}`).toSorted()).toEqual(
      paid.toSorted(),
    );
  }
}
