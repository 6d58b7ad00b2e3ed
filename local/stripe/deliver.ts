import { Stripe } from 'stripe';
import type { Clock } from '../../shared/domain/time.ts';
import type { Kept } from './store.ts';

/** Where events go. */
export interface Endpoint {
  url: string;
  secret: string;
  /** Takes the events of connected accounts instead of the platform's own. */
  connect: boolean;
  /** Takes thin events, which name a resource and tell nothing of it. */
  thin?: boolean;
}

/** What becomes of one event on its way: how often it is sent, and how much later (milliseconds). None: it is lost. */
export type Plan = (event: Kept) => number[];

interface Delivery {
  event: Kept;
  endpoint: Endpoint;
  dueAt: number;
  attempt: number;
}

const AT_ONCE = 8;
const LOOK_MS = 20;
/** Stripe goes on for up to three days. */
const MOST_ATTEMPTS = 12;

/** Sends signed events to endpoints, again while they are refused. */
export class Deliveries {
  readonly #now: Clock;
  readonly #timer: NodeJS.Timeout;
  #waiting: Delivery[] = [];
  #running = 0;
  endpoints: Endpoint[] = [];
  plan: Plan = () => [0];
  /** Every answer that an endpoint gave. */
  readonly answers: { type: string; status: number }[] = [];

  constructor(now: Clock) {
    this.#now = now;
    this.#timer = setInterval(() => {
      this.#pump();
    }, LOOK_MS).unref();
  }

  add(event: Kept, account: string | undefined): void {
    const endpoints = this.endpoints.filter(({ connect }) => connect === (account !== undefined));
    for (const endpoint of endpoints) {
      for (const delay of this.plan(event)) {
        this.#waiting.push({ event, endpoint, dueAt: this.#now() + delay, attempt: 1 });
      }
    }
  }

  /** Settles when nothing is due or under way. What is planned for later waits for the clock. */
  async settled(): Promise<void> {
    while (this.#running > 0 || this.#waiting.some(({ dueAt }) => dueAt <= this.#now())) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** What waits for later, a refused one included, is due now. */
  hurry(): void {
    for (const delivery of this.#waiting) delivery.dueAt = Math.min(delivery.dueAt, this.#now());
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#waiting = [];
  }

  #pump(): void {
    const now = this.#now();
    const due = this.#waiting.filter(({ dueAt }) => dueAt <= now).slice(0, AT_ONCE - this.#running);
    for (const delivery of due) {
      this.#waiting.splice(this.#waiting.indexOf(delivery), 1);
      this.#running += 1;
      void this.#send(delivery).finally(() => {
        this.#running -= 1;
      });
    }
  }

  async #send({ event, endpoint, attempt }: Delivery): Promise<void> {
    const payload = JSON.stringify(endpoint.thin === true ? thin(event) : event, null, 2);
    const status = await post(endpoint, payload, this.#now());
    this.answers.push({ type: String(event['type']), status });
    if ((status >= 200 && status < 300) || attempt >= MOST_ATTEMPTS) return;
    const wait = Math.min(250 * 2 ** attempt, 60_000);
    this.#waiting.push({ event, endpoint, attempt: attempt + 1, dueAt: this.#now() + wait });
  }
}

async function post(endpoint: Endpoint, payload: string, now: number): Promise<number> {
  try {
    const response = await fetch(endpoint.url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json; charset=utf-8',
        'User-Agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
        'Stripe-Signature': signatureOf(payload, endpoint.secret, now),
      },
      body: payload,
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

/** `t=…,v1=…` as the official library makes it for tests; milliseconds since 1970. */
export function signatureOf(payload: string, secret: string, at: number): string {
  const timestamp = Math.floor(at / 1000);
  return Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
}

/** The thin form of a snapshot event: https://docs.stripe.com/event-destinations#thin-events. */
export function thin(event: Kept): object {
  const { object } = event['data'] as { object: Kept };
  return {
    id: event.id.replace(/^evt_/, 'evt_thin_'),
    object: 'v2.core.event',
    type: `v1.${String(event['type'])}`,
    created: new Date(event.created * 1000).toISOString(),
    livemode: false,
    ...(event['account'] !== undefined && { context: event['account'] }),
    reason: null,
    related_object: { id: object.id, type: object.object, url: `/v1/${object.object}s/${object.id}` },
    snapshot_event: event.id,
  };
}
