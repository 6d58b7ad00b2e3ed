import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../shared/audit/entry.ts';
import { linkAccount, setDunning } from '../../shared/billing/account.ts';
import { bill } from '../../shared/billing/bill.ts';
import { askForCard, readCard } from '../../shared/billing/cards.ts';
import { chargeView } from '../../shared/billing/lists.ts';
import { previewBill } from '../../shared/billing/preview.ts';
import { refund } from '../../shared/billing/refunds.ts';
import { settle } from '../../shared/billing/settle.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { listView } from '../../shared/orders/view.ts';
import { type Books, DAY, HOUR, openBooks } from './books.ts';

let books: Books;
beforeAll(async () => {
  books = await openBooks();
});
afterAll(() => books.close());
beforeEach(() => {
  books.stripe.misbehave(() => undefined);
});

const last = async () => (await books.charges()).at(-1) ?? expect.fail('no charge');
const stateOf = async () => {
  const { state, code } = await last();
  return [state, code];
};

describe('a declined card', () => {
  it.each([
    ['pm_card_chargeDeclinedExpiredCard', 'CARD_EXPIRED'],
    ['pm_card_authenticationRequired', 'AUTHENTICATION_REQUIRED'],
    ['pm_card_chargeDeclined', 'CARD_DECLINED'],
  ])(
    '%s is told to both sides as %s, with how to mend it, and another card is charged',
    async (card, code) => {
      if (books.account === '') await books.connect();
      await books.putOnFile(card);
      const order = await books.ship(1000);
      await books.billed();
      expect(await stateOf()).toEqual(['declined', code]);
      for (const companyId of [books.supplierId, books.retailerId]) {
        const charge = (await books.charges(companyId)).at(-1) ?? expect.fail();
        const view = chargeView(companyId, charge.id, charge);
        expect([view.code, typeof view.fix, view.net]).toEqual([code, 'string', 0]);
      }
      const shown = listView(order, { ...(await books.order(order)), fulfilments: [], supplyOrders: [] });
      expect(shown).toMatchObject({ billing: { unbilled: true, charges: [{ state: 'declined', code }] } });
      await books.putOnFile('pm_card_visa');
      await books.billed(HOUR);
      expect(await stateOf()).toEqual(['succeeded', null]);
      expect(books.paid().filter(({ amount }) => amount === 1000)).toHaveLength(
        (await books.charges()).length,
      );
    },
  );

  it('is tried again on the days that the wholesaler sets, and then waits for another one', async () => {
    await setDunning(books.supplierId, [2, 4], books.acting, books.deps);
    await books.putOnFile('pm_card_chargeDeclined');
    await books.ship(1000);
    await books.billed();
    const tried = [(await last()).attempts];
    for (let day = 1; day <= 8; day += 1) {
      await books.billed();
      tried.push((await last()).attempts);
    }
    expect(tried).toEqual([1, 1, 2, 2, 2, 2, 3, 3, 3]);
    expect(await stateOf()).toEqual(['failed', 'CARD_DECLINED']);
    await books.putOnFile('pm_card_visa');
    await books.billed(HOUR);
    expect(await stateOf()).toEqual(['succeeded', null]);
  });

  it('that its holder took away is no card, and nothing is tried', async () => {
    const stored = await books.db.doc(paths.card(books.supplierId, books.partnerId)).get();
    const { data } = (await (
      await fetch(
        `${books.stripe.url}/v1/payment_methods?customer=${String(stored.get('customerId'))}&limit=100`,
        {
          headers: { Authorization: 'Bearer sk_test_standin', 'Stripe-Account': books.account },
        },
      )
    ).json()) as { data: { id: string }[] };
    const order = await books.ship(1000);
    books.pass(DAY);
    // It goes after the charge was written, before it is made.
    books.stripe.misbehave(({ path }) => (path.endsWith('/confirm') ? 500 : undefined));
    await books.tick();
    for (const { id } of data) await books.dashboard(`payment_methods/${id}/detach`, {});
    books.stripe.misbehave(() => undefined);
    await books.hear();
    await books.billed(HOUR);
    await books.billed(HOUR);
    expect(await stateOf()).toEqual(['pending', 'NO_CARD']);
    expect((await books.order(order)).billing?.charges[0]?.code).toBe('NO_CARD');
    await books.putOnFile('pm_card_visa');
    await books.billed(HOUR);
    expect(await stateOf()).toEqual(['succeeded', null]);
  });

  it('that Stripe refuses to charge at all is told in both logs', async () => {
    await books.ship(1000);
    books.stripe.misbehave(({ path }) => (path.endsWith('/confirm') ? 400 : undefined));
    await books.billed();
    expect(await stateOf()).toEqual(['declined', 'REFUSED_BY_STRIPE']);
    for (const companyId of [books.supplierId, books.retailerId]) {
      const log = books.db.collection(paths.audit(companyId)).where('action', '==', 'charge.settled');
      const facts = (await log.get()).docs.map((doc) => (doc.data() as AuditEntry).facts);
      expect(facts).toContainEqual(
        expect.objectContaining({ charge: 'declined', reason: 'REFUSED_BY_STRIPE' }),
      );
    }
    books.stripe.misbehave(() => undefined);
    await books.billed(25 * HOUR);
    expect(await stateOf()).toEqual(['succeeded', null]);
  });
});

describe('an amount', () => {
  it('that is too little by itself waits until more has shipped', async () => {
    const before = (await books.charges()).length;
    const small = await books.ship(20);
    await books.billed();
    expect(await books.charges()).toHaveLength(before);
    const shown = listView(small, { ...(await books.order(small)), fulfilments: [], supplyOrders: [] });
    expect(shown).toMatchObject({ billing: { unbilled: true, charges: [] } });
    const other = await books.ship(40);
    await books.billed();
    const { amount, orders, state } = await last();
    expect([amount, state, orders.map(({ orderId }) => orderId).sort()]).toEqual([
      60,
      'succeeded',
      [small, other].sort(),
    ]);
  });

  it('that Stripe takes of no card is given up, and says so; the rest of the day is charged', async () => {
    const [huge, usual] = [await books.ship(99_999_999, 2), await books.ship(500)];
    await books.billed();
    const charges = (await books.charges()).slice(-2);
    const of = (id: string) => charges.find(({ orders }) => orders.some(({ orderId }) => orderId === id));
    expect([of(huge)?.state, of(huge)?.code]).toEqual(['failed', 'AMOUNT_NOT_CHARGEABLE']);
    expect(of(usual)?.state).toBe('succeeded');
  });
});

describe('the operator', () => {
  it('sees what would be charged, and has it charged on the same day', async () => {
    await books.ship(1500);
    await books.billed();
    const before = (await books.charges()).length;
    const [small, usual] = [await books.ship(20, 1, 'EUR'), await books.ship(2500)];
    await books.tick();
    expect(await books.charges()).toHaveLength(before);
    const rows: unknown[] = [];
    for await (const { chargeId, currency, orders, amount, outcome } of previewBill(books.deps)) {
      rows.push([chargeId, currency, orders, amount, outcome]);
    }
    expect(rows).toEqual([
      [null, 'EUR', 1, 20, 'waits for more, too little by itself'],
      [null, 'USD', 1, 2500, 'would be charged'],
    ]);
    const told = new Set<string>();
    const onCharge = (_supplierId: string, id: string): void => void told.add(id);
    expect(await bill({ ...books.deps, onCharge }, { onRequest: true })).toBe(true);
    await books.hear();
    expect([...told]).toEqual([(await last()).id]);
    expect((await last()).orders.map(({ orderId }) => orderId)).toEqual([usual]);
    expect(await stateOf()).toEqual(['succeeded', null]);
    expect((await books.order(small)).unbilled).toBeDefined();
  });
});

describe('a charge that is due once more', () => {
  it('is in what the next run would charge, by its id, while it is due and not before', async () => {
    const others = await openBooks(books);
    await others.connect();
    await others.putOnFile('pm_card_chargeDeclined');
    await others.ship(4000);
    await others.billed();
    const rows = async () => {
      const all = await Array.fromAsync(previewBill(books.deps));
      return all
        .filter(({ supplierId }) => supplierId === others.supplierId)
        .map(({ chargeId, amount, outcome }) => [chargeId, amount, outcome]);
    };
    expect(await rows()).toEqual([]);
    others.pass(DAY);
    expect(await rows()).toEqual([[(await others.charges()).at(-1)?.id, 4000, 'would be charged']]);
    await others.putOnFile('pm_card_visa');
    await others.billed(HOUR);
    expect(await rows()).toEqual([]);
  });
});

describe('giving back', () => {
  it('in Stripe’s dashboard reaches the orders, in turn', async () => {
    const ids = [await books.ship(300), await books.ship(500)];
    await books.billed();
    const charge = await last();
    await books.dashboard('refunds', { payment_intent: charge.paymentIntentId ?? '', amount: '400' });
    await books.hear();
    const { refunded, orders } = await last();
    expect([refunded, orders.map((order) => order.refunded).sort()]).toEqual(
      orders[0]?.amount === 300 ? [400, [100, 300]] : [400, [0, 400]],
    );
    const told = await Promise.all(ids.map(books.order));
    expect(told.reduce((sum, { billing }) => sum + (billing?.charges[0]?.refunded ?? 0), 0)).toBe(400);
  });

  it('ends a dispute that was won with nothing lost', async () => {
    const order = await books.ship(700);
    await books.billed();
    const charge = await last();
    const [intent] = books.stripe
      .all(books.account, 'payment_intent')
      .filter(({ id }) => id === charge.paymentIntentId);
    const dispute = books.stripe.dispute(books.account, String(intent?.['latest_charge']));
    await books.hear();
    expect((await books.order(order)).billing?.charges[0]?.state).toBe('disputed');
    books.stripe.closeDispute(books.account, dispute, 'won');
    await books.hear();
    expect([(await last()).dispute, (await last()).lost]).toEqual(['won', 0]);
    expect((await books.order(order)).billing?.charges[0]?.state).toBe('succeeded');
  });
});

describe('another account', () => {
  it('takes over what the one before could not charge', async () => {
    await books.putOnFile('pm_card_chargeDeclined');
    const order = await books.ship(900);
    await books.billed();
    expect(await stateOf()).toEqual(['declined', 'CARD_DECLINED']);
    const before = books.account;
    books.stripe.disconnect(before);
    await books.hear();
    await books.billed(3 * DAY);
    expect(await stateOf()).toEqual(['declined', 'ACCOUNT_NOT_READY']);
    expect(await books.connect()).not.toBe(before);
    await books.putOnFile('pm_card_visa');
    await books.billed(2 * DAY);
    expect(await stateOf()).toEqual(['succeeded', null]);
    expect(books.paid().map(({ amount }) => amount)).toEqual([900]);
    expect((await books.order(order)).billing?.charges).toMatchObject([{ state: 'succeeded' }]);
  });
});

describe('an account that is lost', () => {
  it('gives nothing back: who asks is told so, and what waits for it is refused in both logs', async () => {
    await books.putOnFile('pm_card_visa');
    await books.ship(700);
    await books.billed();
    const { id: chargeId } = await last();
    const ask = () => refund({ companyId: books.supplierId, chargeId }, {}, books.acting, books.deps);
    // Nobody has heard yet that the account is lost.
    books.stripe.disconnect(books.account);
    const { refundId } = await ask();
    for (const companyId of [books.supplierId, books.retailerId]) {
      const charge = (await books.charges(companyId)).find(({ id }) => id === chargeId);
      expect(charge?.refunds).toMatchObject([{ id: refundId, state: 'failed' }]);
      expect([charge?.refunded, charge?.due]).toEqual([0, undefined]);
      const log = books.db.collection(paths.audit(companyId)).where('record.id', '==', chargeId);
      const entries = (await log.get()).docs.map((doc) => doc.data() as AuditEntry);
      expect(entries.filter(({ action }) => action === 'charge.refunded')).toMatchObject([
        { result: 'refused', facts: { refundId } },
      ]);
    }
    await expect(ask()).rejects.toMatchObject({ code: 'CONFLICT' });
    const card = await readCard(books.retailerId, books.partnerId, books.deps);
    expect(card).toEqual({ partner: books.partnerId, card: null });
    await books.hear();
    await books.connect();
    await books.putOnFile('pm_card_visa');
  });
});

describe('a side that has lost its copy of a charge', () => {
  it('gets it back whole with the next change', async () => {
    await books.ship(900);
    await books.billed();
    const { id, paymentIntentId } = await last();
    await books.db.doc(paths.charge(books.retailerId, id)).delete();
    await books.dashboard('refunds', { payment_intent: paymentIntentId ?? '', amount: '100' });
    await books.hear();
    const [here, there] = [await last(), (await books.charges(books.retailerId)).at(-1)];
    expect([here.refunded, there]).toEqual([100, here]);
  });
});

describe('a retailer that was deleted', () => {
  it('gets nothing back, and what it was sent is charged all the same', async () => {
    await books.db.recursiveDelete(books.db.doc(paths.company(books.retailerId)));
    await books.ship(800);
    await books.billed();
    expect(await stateOf()).toEqual(['succeeded', null]);
    await books.dashboard('refunds', { payment_intent: (await last()).paymentIntentId ?? '' });
    await books.hear();
    expect((await last()).refunded).toBe(800);
    expect(await books.db.doc(paths.company(books.retailerId)).listCollections()).toEqual([]);
  });
});

describe('an event', () => {
  const event = {
    eventId: 'evt_strange',
    type: 'payment_intent.succeeded',
    objectId: 'pi_1',
    created: 1,
  } as const;

  it('of an account that nobody here has is done with', async () => {
    const message = { ...event, account: 'acct_of_nobody' };
    await expect(settle(message, books.acting, books.deps)).resolves.toBeUndefined();
    expect(books.lines.some((line) => line.includes('"code":"ACCOUNT"'))).toBe(true);
  });

  it('of what Stripe does not have is done with, and counts once', async () => {
    const message = { ...event, account: books.account };
    await settle(message, books.acting, books.deps);
    const asked = books.stripe.calls.length;
    await settle(message, books.acting, books.deps);
    expect(books.stripe.calls).toHaveLength(asked);
  });
});

describe('an account that is ready, which nobody has heard yet', () => {
  it('takes a card on file at once', async () => {
    const others = await openBooks(books);
    const { supplierId, retailerId, partnerId, deps, acting } = others;
    const ask = () => askForCard(retailerId, partnerId, 'https://shop.example/', acting, deps);
    await expect(ask()).rejects.toMatchObject({ code: 'BILLING_NOT_READY' });
    const company = { companyId: supplierId, mode: 'test' } as const;
    const { accountId } = await linkAccount(company, 'https://shop.example/', acting, deps);
    await expect(ask()).rejects.toMatchObject({ code: 'BILLING_NOT_READY' });
    books.stripe.finishOnboarding(accountId);
    expect((await ask()).url).toContain(books.stripe.url);
    books.stripe.disconnect(accountId);
    await books.hear();
    await expect(ask()).rejects.toMatchObject({ code: 'BILLING_NOT_READY' });
  });
});
