import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { paths } from '../../shared/cloud/firestore.ts';
import { type Books, DAY, HOUR, openBooks, openPayingBooks } from './books.ts';

let books: Books;
beforeAll(async () => {
  books = await openPayingBooks();
});
afterAll(() => books.close());
beforeEach(() => {
  books.lines.length = 0;
});

const nothing = (): Promise<void> => books.hear(() => true);
const last = async () => (await books.charges()).at(-1) ?? expect.fail('no charge');
const told = (event: string): (string | undefined)[] =>
  books.lines
    .map((line) => JSON.parse(line) as { event: string; code?: string })
    .filter((line) => line.event === event)
    .map(({ code }) => code);

/** The next day, and nothing that Stripe tells. */
async function nextDay(): Promise<void> {
  books.pass(DAY);
  await books.tick();
  await nothing();
}

describe('the daily comparison', () => {
  it('heals what was paid, given back and disputed while no event came', async () => {
    await books.ship(1000);
    await nextDay();
    expect((await last()).state).toBe('processing');
    await nextDay();
    expect((await last()).state).toBe('succeeded');
    const { paymentIntentId } = await last();
    await books.dashboard('refunds', { payment_intent: paymentIntentId ?? '', amount: '300' });
    await nothing();
    await nextDay();
    expect((await last()).refunded).toBe(300);
    const intent = books.stripe.all(books.account, 'payment_intent').find(({ id }) => id === paymentIntentId);
    const dispute = books.stripe.dispute(books.account, String(intent?.['latest_charge']));
    await nothing();
    await nextDay();
    expect((await last()).dispute).toBe('open');
    books.stripe.closeDispute(books.account, dispute, 'lost');
    await nothing();
    await nextDay();
    expect([(await last()).dispute, (await last()).lost]).toEqual(['lost', 700]);
    expect(told('stripe.healed').length).toBeGreaterThan(2);
    expect(told('stripe.difference')).toEqual([]);
  });

  it('says nothing where both agree', async () => {
    await books.ship(1000);
    await books.billed();
    books.lines.length = 0;
    await books.billed();
    expect([told('stripe.difference'), told('stripe.healed')]).toEqual([[], []]);
  });

  it('ends a payment of ours that its charge does not name, and alarms where it was paid', async () => {
    await books.ship(1000);
    await books.billed();
    const { id, customerId } = await last();
    const stray = { amount: '900', currency: 'usd', customer: customerId ?? '', 'metadata[charge]': id };
    const open = await books.dashboard('payment_intents', stray);
    await nextDay();
    const stateOf = (intentId: string) =>
      books.stripe.all(books.account, 'payment_intent').find((each) => each.id === intentId)?.['status'];
    expect(stateOf(open.id)).toBe('canceled');
    const stored = await books.db.doc(paths.card(books.supplierId, books.partnerId)).get();
    const card = stored.get('paymentMethodId') as string;
    const paid = { ...stray, payment_method: card, confirm: 'true' };
    await books.dashboard('payment_intents', paid);
    await nextDay();
    expect(told('stripe.difference')).toEqual(['NOT_OURS_AND_PAID']);
    // Beyond what the comparison looks back at.
    books.pass(3 * DAY);
  });

  it.each([
    ['AMOUNT', { amount: 999 }],
    ['NOT_AT_STRIPE', { paymentIntentId: 'pi_that_is_nowhere' }],
  ])('alarms where nothing heals it: %s', async (code, change) => {
    await books.ship(1000);
    await books.billed();
    const { id } = await last();
    books.lines.length = 0;
    await books.db.doc(paths.charge(books.supplierId, id)).update(change);
    await books.billed();
    expect(told('stripe.difference')).toContain(code);
    books.pass(3 * DAY);
  });

  it('goes on with the other accounts when one can not be asked', async () => {
    const other = await openBooks(books);
    await other.connect();
    await other.putOnFile('pm_card_visa');
    await other.ship(1000);
    books.pass(DAY);
    await books.tick();
    await nothing();
    books.stripe.misbehave(({ account }) => (account === books.account ? 500 : undefined));
    await nextDay();
    books.stripe.misbehave(() => undefined);
    expect((await other.charges()).map(({ state }) => state)).toEqual(['succeeded']);
    expect(told('charge.failed').length).toBeGreaterThan(0);
    books.pass(HOUR);
  });
});
