import { LRUCache } from 'lru-cache';
import type { Clock } from '../domain/time.ts';

type Headers = Record<string, string>;

const MOST_BUDGETS = 10_000;
const SECOND = 1000;
/** Nobody makes us wait for longer than this by a header, in milliseconds. */
const LONGEST = 60 * 60 * SECOND;

/** Until when whose calls wait: a budget is one shop at one platform. */
export interface Pauses {
  /** Milliseconds since 1970, when the budget is in a pause now. */
  until(budget: string): number | undefined;
  set(budget: string, milliseconds: number): number;
  /** Reads what a platform says of its limits in an answer's headers, and of how long to wait after a 429. */
  observe(budget: string, status: number, headers: Headers): number | undefined;
}

/** `random` gives 0 ≤ x < 1: it spreads those who wait for the same moment. */
export function createPauses({ now, random }: { now: Clock; random: () => number }): Pauses {
  const paused = new LRUCache<string, number>({ max: MOST_BUDGETS });
  const set = (budget: string, milliseconds: number): number => {
    const wait = Math.min(Math.max(milliseconds, 0), LONGEST);
    const until = Math.max(
      now() + wait + Math.ceil(random() * Math.min(wait / 4 + 100, 10 * SECOND)),
      paused.get(budget) ?? 0,
    );
    paused.set(budget, until);
    return until;
  };
  return {
    until: (budget) => {
      const until = paused.get(budget);
      return until !== undefined && until > now() ? until : undefined;
    },
    set,
    observe: (budget, status, headers) => {
      const asked = retryAfter(headers, now) ?? bigcommerceReset(headers);
      if (status === 429) return set(budget, asked ?? 2 * SECOND);
      if (status === 503 && asked !== undefined) return set(budget, asked);
      const spent = bigcommerceSpent(headers) ? bigcommerceReset(headers) : shopifyFull(headers);
      return spent === undefined ? undefined : set(budget, spent);
    },
  };
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3), as milliseconds from now. */
function retryAfter(headers: Headers, now: Clock): number | undefined {
  const text = headers['retry-after'] ?? '';
  if (/^\d{1,9}(?:\.\d{1,3})?$/.test(text)) return Number(text) * SECOND;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : date - now();
}

/** https://developer.bigcommerce.com/docs/start/best-practices/api-rate-limits: what is left of the window, and how long it lasts. */
function bigcommerceSpent(headers: Headers): boolean {
  return numberIn(headers['x-rate-limit-requests-left'], /^(\d{1,9})$/) === 0;
}

function bigcommerceReset(headers: Headers): number | undefined {
  return numberIn(headers['x-rate-limit-time-reset-ms'], /^(\d{1,9})$/);
}

/** Shopify's REST bucket, `39/40`: two calls leak out of it a second, so a full one is given one. */
function shopifyFull(headers: Headers): number | undefined {
  const header = headers['x-shopify-shop-api-call-limit'];
  const used = numberIn(header, /^(\d{1,6})\/\d{1,6}$/);
  const most = numberIn(header, /^\d{1,6}\/(\d{1,6})$/);
  return used !== undefined && most !== undefined && used >= most - 1 ? SECOND : undefined;
}

function numberIn(header: string | undefined, form: RegExp): number | undefined {
  const found = form.exec(header ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
}
