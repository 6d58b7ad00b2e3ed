import { FieldValue, type Firestore, type Transaction } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { withLease } from '../cloud/lease.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { randomId } from '../domain/ids.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import {
  type Acting,
  hourOf,
  type ReadRequest,
  refDoc,
  requestDoc,
  type RequestRef,
  stateOf,
  toRequest,
} from './request-store.ts';

interface EndDeps {
  db: Firestore;
  now: Clock;
}

const LEASE = 5 * 60_000;
const HOUR = 60 * 60_000;
const MOST_AT_ONCE = 200;
/** So many hours in one query, of the 30 values that one may name. */
const HOURS_AT_ONCE = 24;

/** A staff member is done before the time is over. The desk asks nothing under a request that has ended. */
export async function endOwn(
  { id, request: { companyId } }: ReadRequest,
  acting: Acting,
  deps: EndDeps,
): Promise<ReadRequest & { entry: AuditEntry }> {
  const { db, now } = deps;
  return db.runTransaction(async (tx) => {
    const read = toRequest(await tx.get(requestDoc(db, companyId, id)));
    const state = stateOf(read.request, now);
    if (state !== 'asked' && state !== 'approved') throw new AppError('CONFLICT', 'the request has ended');
    return writeEnd(tx, read, 'by_staff', acting, deps);
  });
}

/** One tick: writes down the end of every request that ran out, in the log of its merchant. */
export async function endRunOut(deps: EndDeps): Promise<void> {
  const { db, now } = deps;
  await withLease(deps, 'support-ends', LEASE, async (turn) => {
    const current = hourOf(now());
    let hour = turn.cursor['hour'] ?? hourOf(now() - HOUR);
    for (;;) {
      const hours = hoursFrom(hour, current);
      const due = await db
        .collection(paths.supportRequestRefs)
        .where('endDue', 'in', hours)
        .limit(MOST_AT_ONCE)
        .get();
      for (const ref of due.docs) await endWhenOver(ref.id, ref.data() as RequestRef, deps);
      // Hours with more than a page are asked for again by the next tick, and so is the current one.
      if (due.size === MOST_AT_ONCE) break;
      hour = hours.at(-1) ?? current;
      if (hour === current) break;
    }
    turn.cursor['hour'] = hour;
  });
}

/** The hours from one to another, the first day of them at most. */
function hoursFrom(first: string, last: string): string[] {
  const start = Date.parse(`${first}:00:00.000Z`);
  const all = Array.from({ length: HOURS_AT_ONCE }, (_, ahead) => hourOf(start + ahead * HOUR));
  return all.filter((hour) => hour <= last);
}

async function endWhenOver(id: string, ref: RequestRef, deps: EndDeps): Promise<void> {
  const { db, now } = deps;
  await db.runTransaction(async (tx) => {
    const snapshot = await tx.get(requestDoc(db, ref.companyId, id));
    // The company was deleted meanwhile, with all that was its own.
    if (!snapshot.exists) return void tx.delete(refDoc(db, id));
    const read = toRequest(snapshot);
    const over = stateOf(read.request, now) === 'ended' && read.request.state !== 'ended';
    if (!over) return;
    const why = read.request.state === 'approved' ? 'expired' : 'undecided';
    writeEnd(tx, read, why, { actor: { type: 'system', id: null }, requestId: randomId('request') }, deps);
  });
}

function writeEnd(
  tx: Transaction,
  { id, request }: ReadRequest,
  ended: 'expired' | 'undecided' | 'by_staff',
  acting: Acting,
  deps: EndDeps,
): ReadRequest & { entry: AuditEntry } {
  const change = { state: 'ended', endedAt: timestamp(deps.now) } as const;
  tx.update(requestDoc(deps.db, request.companyId, id), change);
  tx.update(refDoc(deps.db, id), { endDue: FieldValue.delete() });
  const record = { type: 'support_request', id } as const;
  const about = { ...acting, action: 'support.ended', record, result: 'done', facts: { ended } } as const;
  const entry = addEntry(tx, { companyId: request.companyId, ...about }, deps);
  return { id, request: { ...request, ...change }, entry };
}
