import { randomBytes } from 'node:crypto';
import type { Clock } from '../../shared/domain/time.ts';
import { missing } from './refusal.ts';

/** A resource as it is kept: whole, with the ids of others where Stripe could expand them. */
export interface Kept {
  id: string;
  object: string;
  created: number;
  [field: string]: unknown;
}

/** One Stripe account's own resources, in the order in which they were made. `platform` is the hub's own account. */
export interface Books {
  account: string;
  resources: Map<string, Kept>;
}

export interface KeptAnswer {
  request: string;
  status: number;
  body: unknown;
  at: number;
}

interface Saved {
  books: { account: string; resources: Kept[] }[];
  answers: [string, KeptAnswer][];
  sequence: number;
}

export const PLATFORM = 'platform';
/** Stripe prunes idempotency keys once they are 24 hours old. */
const KEY_MS = 24 * 60 * 60 * 1000;

/** What the stand-in knows. */
export class Store {
  readonly now: Clock;
  readonly #books = new Map<string, Books>();
  readonly #answers = new Map<string, KeptAnswer>();
  #sequence = 0;

  constructor(now: Clock) {
    this.now = now;
  }

  seconds(): number {
    return Math.floor(this.now() / 1000);
  }

  /** `pi_…` and 24 characters, of which the first ones count up: lists of one second keep their order. */
  newId(prefix: string): string {
    this.#sequence += 1;
    const order = this.#sequence.toString(36).padStart(6, '0');
    return `${prefix}_${order}${randomBytes(16).toString('base64url').replace(/[-_]/g, 'x').slice(0, 18)}`;
  }

  books(account: string): Books {
    const known = this.#books.get(account);
    if (known !== undefined) return known;
    const fresh: Books = { account, resources: new Map() };
    this.#books.set(account, fresh);
    return fresh;
  }

  /** The accounts that were ever written to, the platform's own included. */
  accounts(): string[] {
    return [...this.#books.keys()];
  }

  find<T extends Kept>(books: Books, object: T['object'], id: string, param?: string): T {
    const found = books.resources.get(id);
    if (found?.object !== object) throw missing(object, id, param);
    return found as T;
  }

  keep<T extends Kept>(books: Books, resource: T): T {
    books.resources.set(resource.id, resource);
    return resource;
  }

  /** Resources of one kind, the newest first. */
  all<T extends Kept>(books: Books, object: string): T[] {
    return [...books.resources.values()].filter((each) => each.object === object).reverse() as T[];
  }

  answerOf(key: string): KeptAnswer | undefined {
    const answer = this.#answers.get(key);
    if (answer !== undefined && this.now() - answer.at < KEY_MS) return answer;
    this.#answers.delete(key);
    return undefined;
  }

  keepAnswer(key: string, answer: KeptAnswer): void {
    this.#answers.set(key, answer);
  }

  save(): Saved {
    return {
      books: [...this.#books.values()].map(({ account, resources }) => ({
        account,
        resources: [...resources.values()],
      })),
      answers: [...this.#answers],
      sequence: this.#sequence,
    };
  }

  load(saved: Saved): void {
    for (const { account, resources } of saved.books) {
      for (const each of resources) this.keep(this.books(account), each);
    }
    for (const [key, answer] of saved.answers) this.keepAnswer(key, answer);
    this.#sequence = saved.sequence;
  }
}
