import { connect } from 'node:net';
import type { ShipTo } from '../../shared/domain/order.ts';
import type { Call, Merchant } from '../support/market.ts';
import type { Canaries } from './canary.ts';
import type { Piece } from './finder.ts';

/** What is looked at in answers about orders. The published document holds their whole form. */
export interface OrderSeen {
  id: string;
  shipTo: ShipTo | null;
  lines: { id: string; title: string | null }[];
}

export interface Seen<T> {
  status: number;
  headers: Headers;
  text: string;
  json: T;
}

/** Everything that is asked goes through here, with canaries in its headers, and every answer is kept. */
export class Wire {
  readonly answers: Piece[] = [];
  /** The single reads, of which each is in the merchant's log. */
  readonly opened: (Piece & { order: Seen<OrderSeen> })[] = [];
  readonly #headers: Record<string, string>;
  #count = 0;

  constructor(canaries: Canaries) {
    this.#headers = personalHeaders(canaries);
  }

  async call<T = OrderSeen>(
    merchant: Merchant,
    method: string,
    path: string,
    call: Call = {},
  ): Promise<Seen<T>> {
    const place = this.#name(`${method} ${path}`);
    const headers = { ...this.#headers, ...call.headers };
    const answer = await merchant.call(method, path, { ...call, headers });
    this.#keep(place, answer.status, answer.headers, answer.text);
    return { ...answer, json: answer.json as T };
  }

  /** The one call that opens an order: what it answers is kept apart. */
  async open(merchant: Merchant, orderId: string): Promise<Seen<OrderSeen>> {
    const path = `/v1/orders/${orderId}`;
    const place = this.#name(`GET ${path}`);
    const answer = await merchant.call('GET', path, { headers: this.#headers });
    const order = { ...answer, json: answer.json as OrderSeen };
    this.opened.push({ place, order, bytes: bytesOf(order.status, order.headers, order.text) });
    return order;
  }

  /** What people send who sign in. A test reads of the answer what it needs to go on. */
  async post(
    baseUrl: string,
    path: string,
    body: unknown,
    token?: string,
  ): Promise<{ status: number; json: { token?: string; app?: { secret: string } } }> {
    const place = this.#name(`POST ${path}`);
    const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const headers = { ...this.#headers, ...authorization, 'Content-Type': 'application/json' };
    const answer = await fetch(baseUrl + path, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await answer.text();
    this.#keep(place, answer.status, answer.headers, text);
    return { status: answer.status, json: (text === '' ? {} : JSON.parse(text)) as { token?: string } };
  }

  /** Any address, any body, any headers. */
  async send(name: string, url: string, init: RequestInit = {}): Promise<number> {
    const place = this.#name(name);
    const headers = { ...this.#headers, ...(init.headers as Record<string, string> | undefined) };
    const answer = await fetch(url, { ...init, headers });
    this.#keep(place, answer.status, answer.headers, await answer.text());
    return answer.status;
  }

  /** Bytes that may be no HTTP at all. */
  async raw(name: string, port: number, text: string): Promise<void> {
    const place = this.#name(name);
    const socket = connect(port, '127.0.0.1');
    const bytes: Buffer[] = [];
    await new Promise<void>((settle) => {
      socket.on('data', (chunk) => bytes.push(chunk));
      socket.on('close', () => {
        settle();
      });
      socket.on('error', () => undefined);
      socket.end(text);
    });
    this.answers.push({ place, bytes: Buffer.concat(bytes) });
  }

  #keep(place: string, status: number, headers: Headers, text: string): void {
    this.answers.push({ place, bytes: bytesOf(status, headers, text) });
  }

  #name(what: string): string {
    this.#count += 1;
    return `call ${this.#count}, ${what}`;
  }
}

/** What browsers, proxies and shops add about a person. */
function personalHeaders(c: Canaries): Record<string, string> {
  return {
    'User-Agent': `Browser/1.0 ${c.email('header user-agent')}`,
    Cookie: `session=${c.email('header cookie')}; phone=${c.phone('header cookie')}`,
    'X-Forwarded-For': `${c.ip('header x-forwarded-for')}, ${c.ipv6('header x-forwarded-for')}`,
    Forwarded: `for=${c.ip('header forwarded')}`,
    'X-Real-IP': c.ip('header x-real-ip'),
    'True-Client-IP': c.ip('header true-client-ip'),
    From: c.email('header from'),
    Referer: `https://shop.example/?who=${c.email('header referer')}`,
    'Accept-Language': c.email('header accept-language'),
    'X-Cloud-Trace-Context': c.email('header x-cloud-trace-context'),
    Traceparent: `00-${c.email('header traceparent')}-01`,
    'X-Request-Id': c.email('header x-request-id'),
  };
}

function bytesOf(status: number, headers: Headers, text: string): Buffer {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
  return Buffer.from([status, ...lines, '', text].join('\n'));
}
