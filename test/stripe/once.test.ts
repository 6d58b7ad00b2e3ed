import { describe, expect, it } from 'vitest';
import type { Fault } from '../../local/stripe/server.ts';
import { type Books, HOUR, openBooks } from './books.ts';

/** What a run asks of Stripe to make one charge, in this order. */
const STEPS = [
  'POST /v1/invoices',
  'POST /v1/invoices/*/add_lines',
  'POST /v1/invoices/*/finalize',
  'POST /v1/payment_intents',
  'POST /v1/invoices/*/attach_payment',
  'POST /v1/payment_intents/*/confirm',
];
const nameOf = ({ method, path }: { method: string; path: string }): string =>
  `${method} ${path.replace(/\/(?:in|pi)_\w+/, '/*')}`;

async function ready(): Promise<Books> {
  const books = await openBooks();
  await books.connect();
  await books.putOnFile('pm_card_visa');
  return books;
}

/** Ends a run at a step, before or after the work is done, goes on some hours later, and answers what came of it. */
async function endedAt(step: string, fault: Fault, hours: number): Promise<unknown> {
  const books = await ready();
  try {
    const order = await books.ship(1234);
    let met = 0;
    books.stripe.misbehave((call) => {
      if (nameOf(call) === step) met += 1;
      // A process that is gone asks for nothing more.
      return met > 0 ? (nameOf(call) === step ? fault : 'lose-before') : undefined;
    });
    books.pass(HOUR);
    await books.tick();
    books.stripe.misbehave(() => undefined);
    const before = books.stripe.calls.length;
    await books.hear(() => true);
    for (const later of [hours * HOUR, 2 * HOUR, 2 * HOUR]) await books.billed(later);
    const [charge] = await books.charges();
    const asked = books.stripe.calls.slice(before).map(nameOf);
    const first = asked.findIndex((call) => STEPS.includes(call));
    return {
      met: met > 0,
      charges: (await books.charges()).map(({ state, amount }) => [state, amount]),
      paid: books
        .paid()
        .map(({ id, amount, charge: named }) => [
          id === charge?.paymentIntentId,
          amount,
          named === charge?.id,
        ]),
      intents: books.stripe.all(books.account, 'payment_intent').length,
      invoices: books.stripe.all(books.account, 'invoice').map((each) => each['total']),
      onOrder: (await books.order(order)).billing?.charges.length,
      looked: asked.slice(0, Math.max(0, first)).some((call) => call.startsWith('GET ')),
    };
  } finally {
    await books.close();
  }
}

const ONCE = {
  ...{ met: true, charges: [['succeeded', 1234]], paid: [[true, 1234, true]], intents: 1 },
  ...{ invoices: [1234], onOrder: 1 },
};

describe('a run that ends at any step of a charge is followed by one that charges once', () => {
  it.each([
    [2, false],
    [13, true],
    [30, true],
  ])('%i hours later; looking first for what is there: %s', async (hours, looks) => {
    const ends = STEPS.flatMap((step) =>
      (['lose-before', 'lose'] as const).map((fault) => ({ step, fault })),
    );
    const outcomes = await Promise.all(
      ends.map(async ({ step, fault }) => ({
        step,
        fault,
        ...((await endedAt(step, fault, hours)) as object),
      })),
    );
    for (const { step, fault, ...outcome } of outcomes) {
      // An intent that is on its charge needs no search: it is confirmed, or asked for.
      const { looked, ...rest } = outcome as { looked: boolean };
      expect(rest, `${step} ${fault}`).toEqual(ONCE);
      const known = step.endsWith('/confirm');
      if (!known) expect(looked, `${step} ${fault}`).toBe(looks);
    }
  });
});
