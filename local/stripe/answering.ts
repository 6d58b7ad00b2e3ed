import type { IncomingHttpHeaders } from 'node:http';
import { findRoute } from './api.ts';
import { readForm } from './form.ts';
import { pageOf } from './lists.ts';
import { Params } from './params.ts';
import { Refusal } from './refusal.ts';
import { expand, render } from './render.ts';
import { type Kept, PLATFORM, type Store } from './store.ts';

/** One request of the API. `pages`: where the hosted pages are. */
export interface Asked {
  method: string;
  path: string;
  query: string;
  body: string;
  account: string;
  requestId: string;
  headers: IncomingHttpHeaders;
}

export interface Answer {
  status: number;
  body: unknown;
  replayed: boolean;
}

/** Who emits what a request does, under its id and key. */
export type EmitterOf = (
  account: string,
  request: { id: string | null; idempotency_key: string | null },
) => (type: string, resource: Kept) => void;

/** Answers requests as Stripe's API does: keys of access, accounts, idempotency, parameters, pages and expansion. */
export class Answering {
  readonly #store: Store;
  readonly #pages: () => string;
  readonly #emitterOf: EmitterOf;
  /** Accounts whose owner has ended the hub's access. */
  readonly disconnected = new Set<string>();

  constructor(store: Store, pages: () => string, emitterOf: EmitterOf) {
    this.#store = store;
    this.#pages = pages;
    this.#emitterOf = emitterOf;
  }

  answer(asked: Asked): Answer {
    const { method, path, query, body, account, requestId, headers } = asked;
    const store = this.#store;
    const refused = this.#refusalOf(headers, account);
    if (refused !== undefined)
      return { status: refused.status, body: refused.body(requestId), replayed: false };
    const key = method === 'POST' ? headerOf(headers, 'idempotency-key') : undefined;
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
    const answer = this.#answerNow(asked, key ?? null);
    // What was refused before anything was done may be asked again with the same key.
    if (key !== undefined && (answer.status < 400 || answer.status === 402)) {
      store.keepAnswer(name, { request, ...answer, at: store.now() });
    }
    return { ...answer, replayed: false };
  }

  #answerNow(asked: Asked, key: string | null): { status: number; body: unknown } {
    const store = this.#store;
    const { method, path, query, body, account, requestId } = asked;
    try {
      const route = findRoute(method, path);
      if (route === undefined) {
        throw new Refusal(404, 'invalid_request_error', `Unrecognized request URL (${method}: ${path}).`);
      }
      const form = readForm(method === 'GET' || method === 'DELETE' ? query : body);
      const params = new Params(form);
      const books = store.books(account);
      const emit = this.#emitterOf(account, { id: requestId, idempotency_key: key });
      const result = route.handler({ store, books, id: route.id, params, pages: this.#pages(), emit });
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

  #refusalOf(headers: IncomingHttpHeaders, account: string): Refusal | undefined {
    if (!/^Bearer sk_test_\w+$/.test(headerOf(headers, 'authorization') ?? '')) {
      return new Refusal(401, 'invalid_request_error', 'Invalid API Key provided.');
    }
    const known = this.#store.books(PLATFORM).resources.has(account) && !this.disconnected.has(account);
    if (account === PLATFORM || known) return undefined;
    return new Refusal(
      403,
      'invalid_request_error',
      'The provided key does not have access to this account (or it does not exist).',
      { code: 'account_invalid' },
    );
  }
}

export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
