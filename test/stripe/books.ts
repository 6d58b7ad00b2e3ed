import type { Firestore } from '@google-cloud/firestore';
import { startStripe, type StripeStandIn } from '../../local/stripe/server.ts';
import { stripeEnvOf } from '../../local/stripe/wiring.ts';
import { linkAccount } from '../../shared/billing/account.ts';
import { bill } from '../../shared/billing/bill.ts';
import { askForCard } from '../../shared/billing/cards.ts';
import type { Acting, BillingDeps, StoredCharge } from '../../shared/billing/documents.ts';
import { settle } from '../../shared/billing/settle.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { createLog } from '../../shared/cloud/log.ts';
import { openStripe } from '../../shared/cloud/stripe.ts';
import { STRIPE_EVENTS, StripeEventMessage } from '../../shared/domain/billing.ts';
import { randomId } from '../../shared/domain/ids.ts';
import type { StoredOrder } from '../../shared/domain/order.ts';
import { connectedSide } from '../../shared/domain/partner.ts';
import { openDatabase } from '../http/database.ts';

export const HOUR = 60 * 60 * 1000;
export const DAY = 24 * HOUR;

/** Two companies that are connected and billed, an account with a card on file, and a clock that is moved by hand. */
export interface Books {
  db: Firestore;
  stripe: StripeStandIn;
  deps: BillingDeps;
  acting: Acting;
  supplierId: string;
  retailerId: string;
  partnerId: string;
  /** The wholesaler's present account. */
  account: string;
  lines: string[];
  pass(ms: number): void;
  /** A supply order of which `quantity` shipped; answers its id. */
  ship(price: number, quantity?: number, currency?: string): Promise<string>;
  /** One tick of `bill`. */
  tick(): Promise<void>;
  /** Every event of Stripe's that was not told yet, but those that are lost. */
  hear(lost?: (type: string) => boolean): Promise<void>;
  /** Some time later: a tick, and what Stripe tells of it. */
  billed(ms?: number): Promise<void>;
  connect(): Promise<string>;
  putOnFile(card: string): Promise<void>;
  charges: (companyId?: string) => Promise<(StoredCharge & { id: string })[]>;
  order: (id: string) => Promise<StoredOrder>;
  paid(account?: string): { id: string; amount: number; charge: string }[];
  /** What the account's owner does in Stripe's dashboard. */
  dashboard(path: string, form: Record<string, string>): Promise<{ id: string }>;
  close: () => Promise<void>;
}

/** `beside` others: on the same database, Stripe and clock. Those who opened the first ones close them. */
export async function openBooks(beside?: Books): Promise<Books> {
  const shared = beside ?? (await openShared());
  const { db, stripe, deps, acting } = shared;
  const [supplierId, retailerId] = [randomId('company'), randomId('company')];
  const partnerId = randomId('partner');
  const terms = { priceListId: null, bill: true, shares: { stock: true } };
  const at = new Date(deps.now()).toISOString();
  await db.doc(paths.partner(supplierId, partnerId)).set(connectedSide(retailerId, 'retailer', at, terms));
  await db.doc(paths.partner(retailerId, partnerId)).set(connectedSide(supplierId, 'supplier', at, terms));

  const books: Books = {
    ...shared,
    ...{ supplierId, retailerId, partnerId, account: '' },
    async ship(price, quantity = 1, currency = 'USD') {
      const id = randomId('order');
      const line = {
        ...{ id: randomId('line'), origin: randomId('line'), sku: 'SKU-1', title: null, quantity },
        ...{ saidQuantity: 0, fulfilledQuantity: quantity, cancelledQuantity: 0, returnedQuantity: 0 },
        ...{ unitPrice: price, supplier: null, stock: null },
      };
      const origin = { companyId: retailerId, orderId: randomId('order') };
      const order = { companyId: supplierId, partner: partnerId, origin, currency, lines: [line] };
      await db.doc(paths.order(supplierId, id)).set({ ...order, unbilled: `${partnerId}/${currency}` });
      return id;
    },
    async connect() {
      const company = { companyId: supplierId, mode: 'test' } as const;
      const { accountId } = await linkAccount(company, 'https://shop.example/', acting, deps);
      stripe.finishOnboarding(accountId);
      await books.hear();
      return (books.account = accountId);
    },
    async putOnFile(card) {
      const asked = await askForCard(retailerId, partnerId, 'https://shop.example/', acting, deps);
      stripe.completeCheckout(asked.url, card);
      await books.hear();
    },
    async charges(companyId = supplierId) {
      const { docs } = await db.collection(paths.charges(companyId)).orderBy('createdAt').get();
      return docs.map((doc) => ({ ...(doc.data() as StoredCharge), id: doc.id }));
    },
    order: async (id) => (await db.doc(paths.order(supplierId, id)).get()).data() as StoredOrder,
    paid: (account = books.account) =>
      stripe
        .all(account, 'payment_intent')
        .filter((each) => each['status'] === 'succeeded')
        .map((each) => ({
          ...{ id: each.id, amount: Number(each['amount']) },
          charge: (each['metadata'] as { charge: string }).charge,
        })),
    async dashboard(path, form) {
      const response = await fetch(`${stripe.url}/v1/${path}`, {
        method: 'POST',
        headers: { Authorization: 'Bearer sk_test_standin', 'Stripe-Account': books.account },
        body: new URLSearchParams(form),
      });
      return (await response.json()) as { id: string };
    },
  };
  return books;
}

/** The same, with an account at Stripe and a card that pays. */
export async function openPayingBooks(beside?: Books): Promise<Books> {
  const books = await openBooks(beside);
  await books.connect();
  await books.putOnFile('pm_card_visa');
  return books;
}

type Shared = Pick<
  Books,
  'db' | 'stripe' | 'deps' | 'acting' | 'lines' | 'pass' | 'tick' | 'hear' | 'billed' | 'close'
>;

async function openShared(): Promise<Shared> {
  const database = await openDatabase();
  const { db } = database;
  let ahead = 0;
  const now = (): number => Date.now() + ahead;
  const stripe = await startStripe({ now });
  const lines: string[] = [];
  const log = createLog({ functionName: 'test', write: (line) => lines.push(line) });
  const env = { STRONGROOM_ENV: 'local', ...stripeEnvOf('bill', stripe.url) };
  const deps = { db, stripe: openStripe(env), log, now };
  const acting: Acting = { actor: { type: 'system', id: null }, requestId: randomId('request') };
  const heard = new Set<string>();
  const shared: Shared = {
    ...{ db, stripe, deps, acting, lines },
    pass: (ms) => void (ahead += ms),
    async tick() {
      await bill(deps);
    },
    async hear(lost = () => false) {
      for (const account of stripe.accounts()) {
        for (const event of stripe.all(account, 'event')) {
          const { id: eventId, created, ...rest } = event as typeof event & { type: string };
          if (heard.has(eventId)) continue;
          heard.add(eventId);
          const objectId = (rest['data'] as { object: { id: string } }).object.id;
          if (lost(rest.type) || !(STRIPE_EVENTS as readonly string[]).includes(rest.type)) continue;
          const message = { eventId, type: rest.type, account, objectId, created };
          await settle(StripeEventMessage.parse(message), acting, deps);
        }
      }
    },
    async billed(ms = DAY) {
      shared.pass(ms);
      await shared.tick();
      await shared.hear();
    },
    async close() {
      await stripe.close();
      await database.close();
    },
  };
  return shared;
}
