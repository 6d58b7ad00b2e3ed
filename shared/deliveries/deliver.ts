import type { Firestore } from '@google-cloud/firestore';
import { EgressError } from '../cloud/egress-error.ts';
import type { Log } from '../cloud/log.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import { DeliveryCode, type DeliveryMessage } from '../domain/delivery.ts';
import { DeliveryError } from '../domain/delivery-error.ts';
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../domain/time.ts';
import {
  type Acting,
  type Claimed,
  claimOldest,
  MOST_ATTEMPTS,
  type Outcome,
  readDelivery,
  settle,
} from './delivery-store.ts';

export interface DeliverDeps {
  db: Firestore;
  publisher: Pick<Publisher, 'delivery'>;
  log: Log;
  now: Clock;
  /** 0 ≤ x < 1, for jitter. */
  random: () => number;
  /** Sends one delivery; answers what the other side calls what was made there. Throws `DeliveryError`, `EgressError`. */
  send: (claimed: Claimed, acting: Acting) => Promise<string | null>;
}

/** How many of one stream a single message carries out before it makes way for others. */
const MOST_IN_A_ROW = 10;
const SECOND = 1000;
const FIRST_WAIT = 30 * SECOND;
const LONGEST_WAIT = 6 * 60 * 60 * SECOND;
/** Whoever is asked to wait for longer than this in all is given up, as after too many attempts. */
const LONGEST_LIFE = 3 * 24 * 60 * 60 * SECOND;

/**
 * Carries out a delivery, and before it whatever is older in its stream, so that one order's news arrive in order. A
 * message is only a hint: it can come twice or late. What fails is written down with the time of its next attempt.
 */
export async function deliver(message: DeliveryMessage, acting: Acting, deps: DeliverDeps): Promise<void> {
  const asked = await readDelivery(message, deps);
  if (asked === undefined || asked.state === 'done' || asked.state === 'dead') return;
  for (let count = 0; count < MOST_IN_A_ROW; count += 1) {
    const claimed = await claimOldest(asked.companyId, asked.stream, deps);
    if (claimed === undefined) return;
    const outcome = await attempt(claimed, acting, deps);
    await settle(claimed, outcome, acting, deps);
    tell(claimed, outcome, deps.log);
    if (outcome.state === 'failed') return;
  }
  await deps.publisher.delivery(message);
}

async function attempt(claimed: Claimed, acting: Acting, deps: DeliverDeps): Promise<Outcome> {
  // Runs that were killed count too: what kills every run must not come back for ever.
  if (claimed.delivery.attempts > MOST_ATTEMPTS) {
    return { state: 'dead', code: claimed.delivery.lastCode ?? 'INTERNAL' };
  }
  try {
    return { state: 'done', shopId: await deps.send(claimed, acting) };
  } catch (error) {
    return failure(claimed, error, deps);
  }
}

function failure({ delivery }: Claimed, error: unknown, { now, random }: DeliverDeps): Outcome {
  const { code, retryAt, final } = read(error);
  const limited = code === 'RATE_LIMITED';
  const tooOften = !limited && delivery.attempts >= MOST_ATTEMPTS;
  const tooLong = limited && now() - Date.parse(delivery.createdAt) > LONGEST_LIFE;
  if (final || tooOften || tooLong) return { state: 'dead', code };
  const nextAttemptAt = Math.max(
    retryAt ?? 0,
    now() + (limited ? SECOND : backoff(delivery.attempts, random)),
  );
  return { state: 'failed', code, nextAttemptAt, counts: !limited };
}

/** 30 s, 90 s, 4.5 min … 6 h, each a quarter more or less by chance. */
export function backoff(attempts: number, random: () => number): number {
  const wait = Math.min(FIRST_WAIT * 3 ** (attempts - 1), LONGEST_WAIT);
  return Math.round(wait * (0.75 + random() / 2));
}

/** What went wrong, in our closed words. */
function read(error: unknown): { code: DeliveryCode; retryAt?: number | undefined; final: boolean } {
  if (error instanceof DeliveryError) return error;
  if (error instanceof EgressError) {
    const code = DeliveryCode.safeParse(error.code);
    const retryAt = error.retryAt;
    return { code: code.success ? code.data : wordFor(error.code), retryAt, final: false };
  }
  // A cloud of ours that is away is nobody's failure: the message comes back for it.
  if (error instanceof AppError && error.code === 'UNAVAILABLE') throw error;
  const gone = error instanceof AppError && (error.code === 'KEY_GONE' || error.code === 'NOT_FOUND');
  return { code: gone ? 'ORDER_GONE' : 'INTERNAL', final: gone };
}

function wordFor(code: EgressError['code']): DeliveryCode {
  return code === 'NOT_RESOLVED' ? 'UNREACHABLE' : 'BAD_ANSWER';
}

function tell({ id, delivery }: Claimed, outcome: Outcome, log: Log): void {
  if (outcome.state === 'done') log.deliverySent(id, delivery.companyId);
  else if (outcome.state === 'dead') log.deliveryDead(id, delivery.companyId, outcome.code);
  else log.deliveryFailed(id, delivery.companyId, outcome.code);
}
