import { expect } from 'vitest';
import type { Fault } from '../../local/stripe/misbehave.ts';
import { type Books, HOUR, openBooks } from './books.ts';

/** What a run asks of Stripe to make one charge, in this order. */
export const STEPS = [
  'POST /v1/invoices',
  'POST /v1/invoices/*/add_lines',
  'POST /v1/invoices/*/finalize',
  'POST /v1/payment_intents',
  'POST /v1/invoices/*/attach_payment',
  'POST /v1/payment_intents/*/confirm',
];
const nameOf = ({ method, path }: { method: string; path: string }): string =>
  `${method} ${path.replace(/\/(?:in|pi)_\w+/, '/*')}`;

interface Ended {
  books: Books;
  order: string;
  step: string;
  fault: Fault;
  met: boolean;
}

/** Before Stripe has done what it was asked, or after. */
export const ENDS = STEPS.flatMap((step) =>
  (['lose-before', 'lose'] as const).map((fault) => ({ step, fault })),
);

/**
 * Ends a run at each of these steps of a charge, each on an account of its own. Some hours
 * later another run goes on: each order is charged once, and beyond twelve hours what may be there is looked for first.
 */
export async function endsAt(ends: typeof ENDS, hours: number): Promise<void> {
  const first = await openBooks();
  try {
    const ended: Ended[] = [];
    for (const { step, fault } of ends) {
      const books = ended.length === 0 ? first : await openBooks(first);
      await books.connect();
      await books.putOnFile('pm_card_visa');
      ended.push({ books, order: await books.ship(1234), step, fault, met: false });
    }
    const of = (account: string): Ended | undefined => ended.find(({ books }) => books.account === account);
    first.stripe.misbehave((call) => {
      const run = of(call.account);
      const here = nameOf(call) === run?.step;
      if (run === undefined || !(here || run.met)) return undefined;
      run.met = true;
      // A process that is gone does nothing more. Nothing of so short ago is asked for either.
      return here ? run.fault : call.method === 'POST' ? 'lose-before' : undefined;
    });
    first.pass(HOUR);
    await first.tick();
    first.stripe.misbehave(() => undefined);
    // What was told meanwhile was told to nobody.
    await first.hear(() => true);
    const before = first.stripe.calls.length;
    for (const later of [hours * HOUR, 2 * HOUR, 2 * HOUR]) await first.billed(later);
    const calls = first.stripe.calls.slice(before);
    for (const run of ended) {
      const asked = calls.filter(({ account }) => account === run.books.account).map(nameOf);
      await expectOnce(run, asked, hours > 12);
    }
  } finally {
    await first.close();
  }
}

async function expectOnce(
  { books, order, step, fault, met }: Ended,
  asked: string[],
  looks: boolean,
): Promise<void> {
  const charges = await books.charges();
  const [charge] = charges;
  const { billing } = await books.order(order);
  const seen = {
    ...{ step, fault, met },
    charges: charges.map(({ state, amount }) => [state, amount]),
    paid: books.paid().map(({ id, amount, charge: named }) => [id, amount, named]),
    intents: books.stripe.all(books.account, 'payment_intent').length,
    invoices: books.stripe.all(books.account, 'invoice').map((each) => each['total']),
    onOrder: billing?.charges.map(({ id }) => id),
  };
  expect(seen).toEqual({
    ...{ step, fault, met: true, charges: [['succeeded', 1234]], intents: 1, invoices: [1234] },
    ...{ paid: [[charge?.paymentIntentId, 1234, charge?.id]], onOrder: [charge?.id] },
  });
  // A payment that is on its charge already needs no search.
  if (step.endsWith('/confirm')) return;
  const sought = asked.slice(
    0,
    asked.findIndex((call) => STEPS.includes(call)),
  );
  expect([step, fault, sought.some((call) => call.startsWith('GET '))]).toEqual([step, fault, looks]);
}
