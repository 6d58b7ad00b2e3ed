import { FieldValue, type Firestore, Timestamp } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { Log } from '../cloud/log.ts';
import { AppError } from '../domain/errors.ts';
import { isId } from '../domain/ids.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { type ChallengePlace, issueChallenge, spendChallenge } from '../factors/challenges.ts';
import {
  type PasskeyAssertion,
  type RelyingParty,
  requestOptions,
  verifyAssertion,
} from '../factors/passkeys.ts';
import { checkPasswordAndApp, type PasswordKey } from './password-and-app.ts';
import { startSession } from './sessions.ts';
import { findByName, hasAccess, type ReadStaff, staffDoc, toStaff } from './staff-store.ts';

export interface SignInDeps {
  db: Firestore;
  rp: RelyingParty;
  passwordKey: PasswordKey;
  log: Log;
  now: Clock;
}

export interface SignedIn extends ReadStaff {
  token: string;
  endsAt: string;
}

/** So many tries a quarter of an hour for one name, right or wrong. Passkeys can not be guessed and are not counted. */
const MOST_TRIES = 10;
const WINDOW = 15 * 60_000;

/** What a browser needs to offer its passkeys; the same for everybody, and for nobody. `attempt` is a `ses_` id. */
export async function passkeyOptions(attempt: string, { db, rp, now }: SignInDeps) {
  const challenge = await issueChallenge(placeOf(attempt), { db, now });
  return requestOptions({ rp, passkeys: [], challenge });
}

/** Signs in by a passkey that has checked who holds it, which is two factors. */
export async function signInByPasskey(
  attempt: string,
  assertion: PasskeyAssertion,
  deps: SignInDeps,
): Promise<SignedIn> {
  const { db, rp, log, now } = deps;
  const challenge = await spendChallenge(assertion, placeOf(attempt), { db, now });
  // An answer that was seen before, or was made for something else, such as the list of staff.
  if (challenge === undefined) throw new AppError('FACTOR_REFUSED');
  const staffId = Buffer.from(assertion.response.userHandle ?? '', 'base64url').toString('utf8');
  if (!isId('staff', staffId)) throw refused();
  const signedIn = await db.runTransaction(async (tx) => {
    const read = toStaff(await tx.get(staffDoc(db, staffId)));
    const own = read?.staff.passkey ?? null;
    if (read === undefined || own === null || !hasAccess(read.staff, now)) return undefined;
    const expected = { rp, challenge, userId: staffId, passkeys: [own] };
    const passkey = { ...(await verifyAssertion(assertion, expected)), lastUsedAt: timestamp(now) };
    tx.update(staffDoc(db, staffId), { passkey });
    return { ...read, ...startSession(tx, staffId, deps) };
  });
  if (signedIn === undefined) {
    log.staffRefused(staffId);
    throw refused();
  }
  log.staffSignedIn(staffId);
  return signedIn;
}

/** Signs in by a password and an app's code, together. Neither counts without the other, and a code counts once. */
export async function signInByPassword(
  shown: { name: string; password: string; code: string },
  deps: SignInDeps,
): Promise<SignedIn> {
  const { db, passwordKey: keyOf, log, now } = deps;
  await countTry(shown.name, deps);
  const read = await findByName(db, shown.name);
  const staffId = read?.id ?? '';
  const stored = read?.staff.passwordAndApp ?? null;
  const step = await checkPasswordAndApp(staffId, stored, shown, { at: now(), keyOf });
  if (read === undefined || step === undefined || !hasAccess(read.staff, now)) {
    if (read !== undefined) log.staffRefused(read.id);
    throw refused();
  }
  const session = await db.runTransaction(async (tx) => {
    const again = toStaff(await tx.get(staffDoc(db, staffId)));
    // Of two that show the same code at once, the second finds it used; new factors end the old ones.
    const current = again?.staff.passwordAndApp ?? null;
    const same = current !== null && stored !== null && current.salt.equals(stored.salt);
    const mayStill = again !== undefined && hasAccess(again.staff, now);
    if (!mayStill || !same || current.lastStep >= step) throw refused();
    tx.update(staffDoc(db, staffId), { 'passwordAndApp.lastStep': step });
    return startSession(tx, staffId, deps);
  });
  log.staffSignedIn(staffId);
  return { ...read, ...session };
}

/** Counted before anything is looked up, whether there is such a name or not. */
async function countTry(name: string, { db, now }: SignInDeps): Promise<void> {
  const window = Math.floor(now() / WINDOW);
  const ends = (window + 1) * WINDOW;
  const ref = db.doc(paths.staffTries(name, window));
  await ref.set({ count: FieldValue.increment(1), expireAt: Timestamp.fromMillis(ends) }, { merge: true });
  const count: unknown = (await ref.get()).get('count');
  if (typeof count === 'number' && count <= MOST_TRIES) return;
  throw new AppError('TOO_MANY_REQUESTS', undefined, { retryAfter: Math.ceil((ends - now()) / 1000) });
}

function placeOf(attempt: string): ChallengePlace {
  return { purpose: 'get', subject: attempt };
}

/** One answer to everything that is wrong with a sign-in. */
export function refused(): AppError {
  return new AppError('UNAUTHENTICATED', 'the sign-in was not accepted');
}
