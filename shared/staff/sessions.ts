import { createHash, randomBytes } from 'node:crypto';
import { type Firestore, Timestamp, type Transaction } from '@google-cloud/firestore';
import { z } from 'zod';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { idSchema, randomId } from '../domain/ids.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { dayOf, hasAccess, type ReadStaff, staffDoc, toStaff } from './staff-store.ts';

/** Another prefix and another collection than merchants' sessions: no function looks a token up in both. */
export const STAFF_TOKEN_PREFIX = 'sr_staff_';
const TOKEN = /^sr_staff_[0-9a-f]{64}$/;
const MINUTE = 60_000;
const IDLE = 30 * MINUTE;
const LONGEST = 10 * 60 * MINUTE;

const Time = z.iso.datetime();

/** `staffSessions/{SHA-256 of the token}` */
const StoredSession = z.object({
  id: idSchema('session'),
  staffId: idSchema('staff'),
  createdAt: Time,
  lastUsedAt: Time,
  endsAt: Time,
  expireAt: z.instanceof(Timestamp),
});
type StoredSession = z.infer<typeof StoredSession>;

export interface SessionDeps {
  db: Firestore;
  now: Clock;
}

/** Who calls at the desk. */
export interface StaffCaller extends ReadStaff {
  session: { hash: string; endsAt: string };
}

/** SHA-256 in hex: a token has 256 random bits, so its plain hash can not be searched. */
function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/**
 * Starts a session of ten hours at most, and answers its token, which is known nowhere else afterwards. It begins with the
 * commit that took the factors, so that none outlives factors that are replaced at that moment.
 */
export function startSession(
  tx: Transaction,
  staffId: string,
  { db, now }: SessionDeps,
): { token: string; endsAt: string } {
  const token = STAFF_TOKEN_PREFIX + randomBytes(32).toString('hex');
  const at = timestamp(now);
  const ends = now() + LONGEST;
  const endsAt = new Date(ends).toISOString();
  const stored: StoredSession = {
    ...{ id: randomId('session'), staffId, createdAt: at, lastUsedAt: at, endsAt },
    expireAt: Timestamp.fromMillis(ends),
  };
  tx.create(db.doc(paths.staffSession(hashOf(token))), stored);
  tx.update(staffDoc(db, staffId), { lastUsedOn: dayOf(now) });
  return { token, endsAt };
}

/**
 * From a token to who calls, read anew each time, so that a suspension works at once. Whatever is wrong with it, half
 * an hour without use and an account that is not attested too, is one and the same `UNAUTHENTICATED`.
 */
export async function checkToken(token: string, { db, now }: SessionDeps): Promise<StaffCaller> {
  if (!TOKEN.test(token)) throw new AppError('UNAUTHENTICATED');
  const ref = db.doc(paths.staffSession(hashOf(token)));
  const found = await ref.get();
  if (!found.exists) throw new AppError('UNAUTHENTICATED');
  const session = StoredSession.parse(found.data());
  const unused = now() - Date.parse(session.lastUsedAt);
  if (unused >= IDLE || Date.parse(session.endsAt) <= now()) throw new AppError('UNAUTHENTICATED');
  const read = toStaff(await staffDoc(db, session.staffId).get());
  if (read === undefined || !hasAccess(read.staff, now)) throw new AppError('UNAUTHENTICATED');
  if (unused >= MINUTE) await touch(read, found.ref.path, { db, now });
  return { ...read, session: { hash: found.id, endsAt: session.endsAt } };
}

async function touch({ id, staff }: ReadStaff, path: string, { db, now }: SessionDeps): Promise<void> {
  const batch = db.batch();
  batch.update(db.doc(path), { lastUsedAt: timestamp(now) });
  if (staff.lastUsedOn !== dayOf(now)) batch.update(staffDoc(db, id), { lastUsedOn: dayOf(now) });
  await batch.commit();
}

export async function endSession(hash: string, { db }: Pick<SessionDeps, 'db'>): Promise<void> {
  await db.doc(paths.staffSession(hash)).delete();
}

/** Ends every session of a member of staff. */
export async function endAllSessions(staffId: string, { db }: Pick<SessionDeps, 'db'>): Promise<void> {
  const found = await db.collection(paths.staffSessions).where('staffId', '==', staffId).get();
  await Promise.all(found.docs.map((session) => session.ref.delete()));
}
