import { createHash, randomBytes } from 'node:crypto';
import {
  type DocumentData,
  type DocumentReference,
  type Firestore,
  type Precondition,
  Timestamp,
  type Transaction,
} from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { paths } from '../cloud/firestore.ts';
import { hasStatus } from '../cloud/grpc-error.ts';
import type { Mode } from '../domain/api-key.ts';
import { randomId } from '../domain/ids.ts';
import type { MemberRole } from '../domain/roles.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { levelAfterPassword, type SessionLevel, type StoredMember, StoredSession } from './documents.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const IDLE_MS = 12 * HOUR_MS;
/** From the start of the level: what waits for a second factor is a password's worth and does not wait long. */
const ABSOLUTE_MS: Record<SessionLevel, number> = {
  needs_factor: 15 * MINUTE_MS,
  needs_enrolment: HOUR_MS,
  full: 7 * 24 * HOUR_MS,
};
/** A use is written down at most this often. */
const TOUCH_MS = MINUTE_MS;
const TOKEN = /^sr_session_[0-9a-f]{64}$/;
/** As many as a transaction easily holds, and more than a member ever has. */
const PAGE = 400;
/** A member has a handful. Whoever signs in more often ends an old one, so that what ends all of them reaches all. */
export const MOST_SESSIONS = 100;

export const SESSION_PREFIX = 'sr_session_';

/** A session and the hash of its token, which is the name of its document. */
export interface Session extends StoredSession {
  hash: string;
}

export interface SessionDeps {
  db: Firestore;
  now: Clock;
}

/** A batch or a transaction. */
export interface SessionWriter {
  create(ref: DocumentReference, data: DocumentData): unknown;
  delete(ref: DocumentReference, precondition?: Precondition): unknown;
}

/** SHA-256 in hex: a token has 256 random bits, so its plain hash can not be searched. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/**
 * Adds a new session to what the caller is about to commit and answers its token, which is known nowhere else
 * afterwards. Every sign-in and every rise of level gets a new one: a token that somebody planted gains nothing.
 */
export function issueSession(
  writer: Pick<SessionWriter, 'create'>,
  of: {
    companyId: string;
    memberId: string;
    mode: Mode;
    role: MemberRole;
    level: SessionLevel;
    /** RFC 3339; without it, now. */
    passwordAt?: string;
    /** RFC 3339: the session ends no later, whatever its level. */
    endsBy?: string;
  },
  { db, now }: SessionDeps,
): { token: string; session: Session } {
  const { companyId, memberId, mode, role, level } = of;
  const started = timestamp(now);
  const token = SESSION_PREFIX + randomBytes(32).toString('hex');
  const hash = tokenHash(token);
  const absolute = Math.min(now() + ABSOLUTE_MS[level], Date.parse(of.endsBy ?? '9999-12-31'));
  const stored: StoredSession = {
    ...{ id: randomId('session'), companyId, memberId, mode, role, level },
    passwordAt: of.passwordAt ?? started,
    createdAt: started,
    lastUsedAt: started,
    idleExpiresAt: instant(Math.min(now() + IDLE_MS, absolute)),
    absoluteExpiresAt: instant(absolute),
    expireAt: Timestamp.fromMillis(absolute),
  };
  writer.create(db.doc(paths.session(hash)), stored);
  return { token, session: { ...stored, hash } };
}

/**
 * Replaces a session by one of another level, for the same member. The old token ends with the same commit. A whole
 * sign-in that is confirmed lives no longer by that.
 */
export function raiseSession(
  writer: SessionWriter,
  session: Session,
  level: SessionLevel,
  deps: SessionDeps,
): { token: string; session: Session } {
  // Of two rises at the same time the second finds no session left and fails.
  writer.delete(deps.db.doc(paths.session(session.hash)), { exists: true });
  const endsBy = session.level === 'full' ? { endsBy: session.absoluteExpiresAt } : {};
  return issueSession(writer, { ...session, level, ...endsBy }, deps);
}

/** The session of a token, by one read; `undefined` for what is none, has ended or has expired. */
export async function checkSession(token: string, { db, now }: SessionDeps): Promise<Session | undefined> {
  if (!TOKEN.test(token)) return undefined;
  const hash = tokenHash(token);
  const found = await db.doc(paths.session(hash)).get();
  if (!found.exists) return undefined;
  const session = { ...StoredSession.parse(found.data()), hash };
  return isOver(session, now) ? undefined : session;
}

/** Whether a session has expired, idle or in all. */
export function isOver(session: StoredSession, now: Clock): boolean {
  return now() >= Date.parse(session.idleExpiresAt) || now() >= Date.parse(session.absoluteExpiresAt);
}

/** Writes down that a session is used, at most once a minute. `undefined` when it has ended meanwhile. */
export async function touchSession(session: Session, { db, now }: SessionDeps): Promise<Session | undefined> {
  if (now() - Date.parse(session.lastUsedAt) < TOUCH_MS) return session;
  const used = {
    lastUsedAt: timestamp(now),
    idleExpiresAt: instant(Math.min(now() + IDLE_MS, Date.parse(session.absoluteExpiresAt))),
  };
  try {
    await db.doc(paths.session(session.hash)).update(used);
    return { ...session, ...used };
  } catch (error) {
    if (hasStatus(error, status.NOT_FOUND)) return undefined;
    throw error;
  }
}

/** All sessions of a member that are not over. */
export async function listSessions(memberId: string, { db, now }: SessionDeps): Promise<Session[]> {
  const found = await db.collection('sessions').where('memberId', '==', memberId).limit(PAGE).get();
  return found.docs
    .map((doc) => ({ ...StoredSession.parse(doc.data()), hash: doc.id }))
    .filter((session) => !isOver(session, now));
}

/** Ends all sessions of a member, but one that may be named by its hash. Answers how many there were. */
export async function endSessions(
  memberId: string,
  { db }: Pick<SessionDeps, 'db'>,
  except?: string,
): Promise<number> {
  const found = await db.collection('sessions').where('memberId', '==', memberId).select().get();
  const refs = found.docs.filter((doc) => doc.id !== except).map((doc) => doc.ref);
  for (let start = 0; start < refs.length; start += PAGE) {
    const batch = db.batch();
    for (const ref of refs.slice(start, start + PAGE)) batch.delete(ref);
    await batch.commit();
  }
  return refs.length;
}

/** A member's sessions, read where a change of the member has to reach them: give them to `endAll` or `regrade`. */
export async function sessionsIn(
  tx: Transaction,
  memberId: string,
  { db }: Pick<SessionDeps, 'db'>,
): Promise<Session[]> {
  const found = await tx.get(db.collection('sessions').where('memberId', '==', memberId).limit(PAGE));
  return found.docs.map((doc) => ({ ...StoredSession.parse(doc.data()), hash: doc.id }));
}

/**
 * Which sessions make room for one more, by a sign-in: of a member's `MOST_SESSIONS` those that are over, then those that
 * wait for a factor, so that whoever has the password alone crowds nobody out, then the ones unused for longest.
 */
export async function crowdedOut(tx: Transaction, memberId: string, deps: SessionDeps): Promise<Session[]> {
  const all = await sessionsIn(tx, memberId, deps);
  const worth = (session: Session): number => {
    if (isOver(session, deps.now)) return 0;
    return session.level === 'full' ? 2 : 1;
  };
  const order = all.sort((a, b) => worth(a) - worth(b) || (a.lastUsedAt < b.lastUsedAt ? -1 : 1));
  return order.slice(0, Math.max(0, all.length - MOST_SESSIONS + 1));
}

/** Ends sessions in the caller's transaction or batch. */
export function endAll(
  writer: Pick<SessionWriter, 'delete'>,
  sessions: readonly Session[],
  { db }: Pick<SessionDeps, 'db'>,
): void {
  for (const session of sessions) writer.delete(db.doc(paths.session(session.hash)));
}

/** Gives a member's sessions another role. One that becomes an owner without a second factor has to get one first. */
export function regrade(
  tx: Transaction,
  sessions: readonly Session[],
  member: Pick<StoredMember, 'role' | 'secondFactors' | 'mustEnrol'>,
  { db }: Pick<SessionDeps, 'db'>,
): void {
  const bare = levelAfterPassword(member) === 'needs_enrolment';
  for (const session of sessions) {
    const level: SessionLevel = bare && session.level === 'full' ? 'needs_enrolment' : session.level;
    tx.update(db.doc(paths.session(session.hash)), { role: member.role, level });
  }
}

function instant(at: number): string {
  return new Date(at).toISOString();
}
