import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Clock } from '../../shared/domain/time.ts';
import { finishOnboarding } from './accounts.ts';
import { findRoute } from './api.ts';
import type { Call } from './call.ts';
import { completeSession } from './checkout.ts';
import { type Holder, NOBODY } from './customers.ts';
import { Deliveries, type Endpoint, type Plan } from './deliver.ts';
import { closeDispute, createDispute } from './disputes.ts';
import { readForm } from './form.ts';
import { pageOf } from './lists.ts';
import { checkoutPage, onboardingPage } from './pages.ts';
import { Params } from './params.ts';
import type { Charge } from './payments.ts';
import { Refusal } from './refusal.ts';
import { expand, render } from './render.ts';
import { type Kept, PLATFORM, Store } from './store.ts';

/** What goes wrong with one request. `lose` and `hang` do the work first; a number answers that status instead of it. */
export type Fault = 'lose' | 'hang' | 'lose-before' | 400 | 429 | 500 | 503 | undefined;

/** A running stand-in for Stripe. */
export interface StripeStandIn {
  readonly port: number;
  readonly url: string;
  /** Calls that the API has answered, or refused to. */
  readonly calls: { method: string; path: string; account: string; fault: Fault }[];
  /** The events' way out: where to, and what becomes of them. */
  deliverTo(endpoints: Endpoint[]): void;
  plan(plan: Plan): void;
  settled(): Promise<void>;
  readonly answers: readonly { type: string; status: number }[];
  /** Asked about every call of the API. */
  misbehave(choose: (request: { method: string; path: string; account: string }) => Fault): void;
  /** Resources of one kind, in the order in which they were made, as the API shows them. */
  all(account: string, object: string): Kept[];
  accounts(): string[];
  /** What people do on Stripe's own pages. */
  finishOnboarding(account: string): void;
  disconnect(account: string): void;
  completeCheckout(url: string, card: string, holder?: Partial<Holder>): void;
  dispute(account: string, chargeId: string): string;
  closeDispute(account: string, disputeId: string, outcome: 'won' | 'lost'): void;
  close(): Promise<void>;
}

/**
 * Serves the part of Stripe's API that the hub uses, and its hosted pages, on 127.0.0.1. With a data folder what it
 * knows is kept in `{dataDir}/stripe.json` from one run to the next.
 */
export async function startStripe(
  options: { port?: number; dataDir?: string; now?: Clock } = {},
): Promise<StripeStandIn> {
  const { now = Date.now, dataDir } = options;
  const store = new Store(now);
  const file = dataDir === undefined ? undefined : join(dataDir, 'stripe.json');
  if (file !== undefined && existsSync(file)) {
    store.load(JSON.parse(readFileSync(file, 'utf8')) as Parameters<Store['load']>[0]);
  }
  const deliveries = new Deliveries(now);
  const disconnected = new Set<string>();
  const calls: { method: string; path: string; account: string; fault: Fault }[] = [];
  let choose: (request: { method: string; path: string; account: string }) => Fault = () => undefined;
  let url = '';

  const emitterOf =
    (account: string, request: { id: string | null; idempotency_key: string | null }) =>
    (type: string, resource: Kept): void => {
      const connected = account !== PLATFORM;
      const event: Kept = {
        id: store.newId('evt'),
        object: 'event',
        api_version: '2026-10-28.endive',
        created: store.seconds(),
        ...(connected && { account }),
        data: { object: render(resource) },
        livemode: false,
        pending_webhooks: 1,
        request,
        type,
      };
      store.keep(store.books(account), event);
      deliveries.add(event, connected ? account : undefined);
    };
  const happening = (account: string): Pick<Call, 'store' | 'books' | 'emit'> => ({
    store,
    books: store.books(account),
    emit: emitterOf(account, { id: null, idempotency_key: null }),
  });

  async function serveApi(req: IncomingMessage, res: ServerResponse, path: string, query: string) {
    const method = req.method ?? '';
    const body = await text(req);
    const account = headerOf(req, 'stripe-account') ?? PLATFORM;
    const fault = choose({ method, path, account });
    calls.push({ method, path, account, fault });
    const requestId = store.newId('req');
    if (fault === 'lose-before') return void res.destroy();
    if (typeof fault === 'number') {
      const client = fault === 400 ? 'invalid_request_error' : 'api_error';
      const type = fault === 429 ? 'rate_limit_error' : client;
      sendJson(res, fault, new Refusal(fault, type, 'Told to fail.').body(requestId), requestId);
      return;
    }
    const answer = answerOnce(req, { method, path, query, body, account, requestId });
    if (fault === 'lose') return void res.destroy();
    if (fault === 'hang') return undefined;
    sendJson(res, answer.status, answer.body, requestId, answer.replayed);
  }

  function answerOnce(
    req: IncomingMessage,
    asked: {
      method: string;
      path: string;
      query: string;
      body: string;
      account: string;
      requestId: string;
    },
  ): { status: number; body: unknown; replayed: boolean } {
    const { method, path, query, body, account, requestId } = asked;
    const refused = refusalOf(req, account);
    if (refused !== undefined)
      return { status: refused.status, body: refused.body(requestId), replayed: false };
    const key = method === 'POST' ? headerOf(req, 'idempotency-key') : undefined;
    const name = `${account} ${key ?? ''}`;
    const request = `${method} ${path}?${query} ${body}`;
    const earlier = key === undefined ? undefined : store.answerOf(name);
    if (earlier !== undefined && earlier.request !== request) {
      const mismatch = new Refusal(
        400,
        'idempotency_error',
        'Keys for idempotent requests can only be used with the same parameters they were first used with.',
      );
      return { status: 400, body: mismatch.body(requestId), replayed: false };
    }
    if (earlier !== undefined) return { ...earlier, replayed: true };
    const answer = answerNow(asked, key ?? null);
    // What was refused before anything was done may be asked again with the same key.
    if (key !== undefined && (answer.status < 400 || answer.status === 402)) {
      store.keepAnswer(name, { request, ...answer, at: now() });
    }
    return { ...answer, replayed: false };
  }

  function answerNow(
    asked: { method: string; path: string; query: string; body: string; account: string; requestId: string },
    key: string | null,
  ): { status: number; body: unknown } {
    const { method, path, query, body, account, requestId } = asked;
    try {
      const route = findRoute(method, path);
      if (route === undefined) {
        throw new Refusal(404, 'invalid_request_error', `Unrecognized request URL (${method}: ${path}).`);
      }
      const form = readForm(method === 'GET' || method === 'DELETE' ? query : body);
      const params = new Params(form);
      const books = store.books(account);
      const emit = emitterOf(account, { id: requestId, idempotency_key: key });
      const result = route.handler({ store, books, id: route.id, params, pages: url, emit });
      const wanted = new Params(form).list('expand').map(String);
      if (!Array.isArray(result)) {
        params.finish();
        const rendered = render(result);
        expand(rendered, wanted, store, books);
        return { status: 200, body: rendered };
      }
      const { page, list } = pageOf(result, path, {
        limit: params.whole('limit'),
        after: params.text('starting_after'),
        before: params.text('ending_before'),
      });
      params.finish();
      const listed = list(page.map(render));
      expand(listed as Record<string, unknown>, wanted, store, books);
      return { status: 200, body: listed };
    } catch (error) {
      if (!(error instanceof Refusal)) console.error('The Stripe stand-in failed:', error);
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'api_error', 'Internal error');
      return { status: refusal.status, body: refusal.body(requestId) };
    }
  }

  function refusalOf(req: IncomingMessage, account: string): Refusal | undefined {
    if (!/^Bearer sk_test_\w+$/.test(headerOf(req, 'authorization') ?? '')) {
      return new Refusal(401, 'invalid_request_error', 'Invalid API Key provided.');
    }
    const known = store.books(PLATFORM).resources.has(account) && !disconnected.has(account);
    if (account === PLATFORM || known) return undefined;
    return new Refusal(
      403,
      'invalid_request_error',
      'The provided key does not have access to this account (or it does not exist).',
      { code: 'account_invalid' },
    );
  }

  function servePage(
    method: string,
    path: string,
    body: string,
  ): { status: number; to?: string; html?: string } {
    const [, first, second, account = '', id = ''] = path.split('/');
    if (first === 'setup' && second === 's') {
      if (method === 'GET') return { status: 200, html: onboardingPage(account) };
      standIn.finishOnboarding(account);
      const link = store.find(store.books(PLATFORM), 'account_link_page', id);
      return { status: 303, to: String(link['returnUrl']) };
    }
    if (first === 'c' && second === 'pay') {
      if (method === 'GET') return { status: 200, html: checkoutPage(id) };
      const { card = 'pm_card_visa', name, email } = Object.fromEntries(new URLSearchParams(body));
      standIn.completeCheckout(url + path, card, { name: name ?? null, email: email ?? null });
      const session = store.find(store.books(account), 'checkout.session', id);
      return { status: 303, to: String(session['success_url']) };
    }
    // `POST /stand-in/close-dispute/acct_…/dp_…` and the body `outcome=lost`: what a bank would do.
    if (first === 'stand-in' && second === 'close-dispute' && method === 'POST') {
      const outcome = new URLSearchParams(body).get('outcome') === 'won' ? 'won' : 'lost';
      standIn.closeDispute(account, id, outcome);
      return { status: 200, html: outcome };
    }
    if (first === 'stand-in' && second === 'disconnect' && method === 'POST') {
      standIn.disconnect(account);
      return { status: 200, html: 'disconnected' };
    }
    return { status: 404 };
  }

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const [path = '', query = ''] = (req.url ?? '').split('?', 2);
    if (path.startsWith('/v1/')) return serveApi(req, res, path, query);
    const body = await text(req);
    try {
      const { status, to, html = '' } = servePage(req.method ?? '', path, body);
      res.writeHead(status, {
        'content-type': 'text/html; charset=utf-8',
        ...(to !== undefined && { location: to }),
      });
      res.end(html);
    } catch (error) {
      res.writeHead(error instanceof Refusal ? error.status : 500).end();
    }
    return undefined;
  }

  const server = createServer((req, res) => {
    // A caller that left before its body was whole hears nothing.
    serve(req, res).catch(() => res.destroy());
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  url = `http://127.0.0.1:${port}`;

  const standIn: StripeStandIn = {
    port,
    url,
    calls,
    answers: deliveries.answers,
    deliverTo: (endpoints) => void (deliveries.endpoints = endpoints),
    plan: (plan) => void (deliveries.plan = plan),
    settled: () => deliveries.settled(),
    misbehave: (how) => void (choose = how),
    all: (account, object) =>
      store
        .all(store.books(account), object)
        .reverse()
        .map((each) => render(each) as Kept),
    accounts: () => store.accounts().filter((account) => account !== PLATFORM),
    finishOnboarding: (account) => {
      happening(account).emit('account.updated', finishOnboarding(store, account));
    },
    disconnect: (account) => {
      disconnected.add(account);
      const application = { id: 'ca_standin', object: 'application', created: store.seconds() };
      happening(account).emit('account.application.deauthorized', application);
    },
    completeCheckout: (page, card, holder = {}) => {
      const [, , , account = '', id = ''] = new URL(page).pathname.split('/');
      completeSession(happening(account), id, card, { ...NOBODY, ...holder });
    },
    dispute: (account, chargeId) =>
      createDispute(happening(account), store.find<Charge>(store.books(account), 'charge', chargeId)).id,
    closeDispute: (account, disputeId, outcome) => void closeDispute(happening(account), disputeId, outcome),
    async close() {
      deliveries.stop();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      if (file === undefined) return;
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, JSON.stringify(store.save()), { mode: 0o600 });
    },
  };
  return standIn;
}

function headerOf(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function sendJson(
  res: ServerResponse,
  status: number,
  value: unknown,
  requestId: string,
  replayed = false,
): void {
  res.writeHead(status, {
    'content-type': 'application/json',
    'request-id': requestId,
    'stripe-version': '2026-10-28.endive',
    ...(replayed && { 'idempotent-replayed': 'true' }),
  });
  res.end(JSON.stringify(value));
}

const SECRETS = { account: 'whsec_standin_account', connect: 'whsec_standin_connect' };

/** Where the hub at this address takes events. */
export function endpointsOf(baseUrl: string): Endpoint[] {
  return [
    { url: `${baseUrl}/webhooks/stripe`, secret: SECRETS.account, connect: false },
    { url: `${baseUrl}/webhooks/stripe/connect`, secret: SECRETS.connect, connect: true },
  ];
}

/** What Secret Manager gives the functions that have to do with Stripe, and no other. */
export function stripeEnvOf(identity: string, url: string): Record<string, string> {
  if (identity === 'stripe-webhooks') {
    return { STRIPE_WEBHOOK_SECRETS: SECRETS.account, STRIPE_CONNECT_WEBHOOK_SECRETS: SECRETS.connect };
  }
  if (!['settle', 'bill', 'billing'].includes(identity)) return {};
  return { STRIPE_TEST_KEY: 'sk_test_standin', STRIPE_URL: url, STRIPE_FEE_BASIS_POINTS: '100' };
}
