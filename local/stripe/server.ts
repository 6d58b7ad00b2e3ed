import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { KEEPS_IDLE } from '../idle-connections.ts';
import type { Clock } from '../../shared/domain/time.ts';
import { finishOnboarding } from './accounts.ts';
import { Answering, type EmitterOf, headerOf } from './answering.ts';
import type { Call } from './call.ts';
import { completeSession } from './checkout.ts';
import { control, hosted, type Page, refusedPage } from './controls.ts';
import { type Holder, NOBODY } from './customers.ts';
import { Deliveries, type Endpoint, type Plan } from './deliver.ts';
import { closeDispute, createDispute } from './disputes.ts';
import type { ApiCall, Choose, Fault } from './misbehave.ts';
import type { Charge } from './payments.ts';
import { Refusal } from './refusal.ts';
import { render } from './render.ts';
import { type Kept, PLATFORM, Store } from './store.ts';

/** A running stand-in for Stripe. */
export interface StripeStandIn {
  readonly port: number;
  readonly url: string;
  /** Calls that the API has answered, or refused to. */
  readonly calls: (ApiCall & { fault: Fault })[];
  /** The events' way out: where to, and what becomes of them. */
  deliverTo(endpoints: Endpoint[]): void;
  plan(plan: Plan): void;
  settled(): Promise<void>;
  /** Sends at once what is late. */
  hurry(): void;
  readonly answers: readonly { type: string; status: number }[];
  /** Asked about every call of the API. */
  misbehave(choose: Choose): void;
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
  const calls: (ApiCall & { fault: Fault })[] = [];
  let choose: Choose = () => undefined;
  let url = '';

  const emitterOf: EmitterOf =
    (account, request) =>
    (type, resource): void => {
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
  const answering = new Answering(store, () => url, emitterOf);
  const happening = (account: string): Pick<Call, 'store' | 'books' | 'emit'> => ({
    store,
    books: store.books(account),
    emit: emitterOf(account, { id: null, idempotency_key: null }),
  });

  async function serveApi(req: IncomingMessage, res: ServerResponse, path: string, query: string) {
    const method = req.method ?? '';
    const body = await text(req);
    const account = headerOf(req.headers, 'stripe-account') ?? PLATFORM;
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
    const { headers } = req;
    const answer = answering.answer({ method, path, query, body, account, requestId, headers });
    if (fault === 'lose') return void res.destroy();
    if (fault === 'hang') return undefined;
    sendJson(res, answer.status, answer.body, requestId, answer.replayed);
  }

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const [path = '', query = ''] = (req.url ?? '').split('?', 2);
    if (path.startsWith('/v1/')) return serveApi(req, res, path, query);
    const form = new URLSearchParams(await text(req));
    sendPage(res, pageAt(req.method ?? '', path, form));
    return undefined;
  }

  function pageAt(method: string, path: string, form: URLSearchParams): Page {
    const find = (account: string, object: string, id: string): Kept =>
      store.find(store.books(account), object, id);
    try {
      const told = path === '/stand-in' || path.startsWith('/stand-in/');
      return told ? control(standIn, method, path, form) : hosted(standIn, find, method, path, form);
    } catch (error) {
      return refusedPage(error);
    }
  }

  const server = createServer(KEEPS_IDLE, (req, res) => {
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
    hurry: () => {
      deliveries.hurry();
    },
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
      answering.disconnected.add(account);
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

function sendPage(res: ServerResponse, { status, to, html, text: plain }: Page): void {
  res.writeHead(status, {
    'content-type': `text/${html === undefined ? 'plain' : 'html'}; charset=utf-8`,
    ...(to !== undefined && { location: to }),
  });
  res.end(html ?? plain ?? '');
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
