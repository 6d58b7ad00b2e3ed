import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Secret } from 'otpauth';
import { AppError } from '../domain/errors.ts';
import { randomId } from '../domain/ids.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { issueChallenge, spendChallenge } from '../factors/challenges.ts';
import { creationOptions, type PasskeyAttestation, verifyCreation } from '../factors/passkeys.ts';
import { newTotpSecret, totpEnrolment, totpStep } from '../factors/totp.ts';
import { sealToPassword } from './password-and-app.ts';
import { endAllSessions } from './sessions.ts';
import { refused, type SignInDeps } from './sign-in.ts';
import { findByName, type ReadStaff, staffDoc, type StoredStaff, toStaff } from './staff-store.ts';

const LIFE = 24 * 60 * 60_000;

/** What a member of staff chose: a passkey, or a password and an app whose first code is shown. */
export type NewFactors =
  | { type: 'passkey'; passkey: PasskeyAttestation }
  | { type: 'password'; password: string; secret: string; code: string };

/** A code of 128 bits that sets up factors once, within a day. Only its hash is kept. */
export function newEnrolment(now: Clock): { code: string; enrolment: StoredStaff['enrolment'] } {
  const code = `sr_enrol_${randomBytes(16).toString('hex')}`;
  const expiresAt = new Date(now() + LIFE).toISOString();
  return { code, enrolment: { codeHash: hashOf(code), secretHash: null, expiresAt } };
}

/** Both ways to go on: what makes a passkey, and a fresh secret for an app. Asking again replaces both. */
export async function enrolmentOptions(shown: { name: string; code: string }, deps: SignInDeps) {
  const { db, rp, now } = deps;
  const { id, staff } = await enrolling(shown, deps);
  const challenge = await issueChallenge({ purpose: 'create', subject: id }, { db, now });
  const user = { id, name: staff.name };
  const passkey = await creationOptions({ rp, user, passkeys: [], challenge });
  const secret = newTotpSecret();
  const app = totpEnrolment(secret, staff.name);
  await staffDoc(db, id).update({ 'enrolment.secretHash': hashOf(app.secret) });
  return { passkey, app };
}

/** Sets up the two factors in the place of all earlier ones; the code is used and every session ends. */
export async function enrol(
  shown: { name: string; code: string },
  chosen: NewFactors,
  deps: SignInDeps,
): Promise<ReadStaff> {
  const { db, now } = deps;
  const { id, staff } = await enrolling(shown, deps);
  const factors = await factorsFrom(id, staff, chosen, deps);
  await db.runTransaction(async (tx) => {
    const again = toStaff(await tx.get(staffDoc(db, id)));
    if (again === undefined || !isCode(again.staff, shown.code, now)) throw refused();
    tx.update(staffDoc(db, id), { ...factors, enrolment: null });
  });
  await endAllSessions(id, { db });
  return { id, staff: { ...staff, ...factors, enrolment: null } };
}

async function factorsFrom(
  id: string,
  staff: StoredStaff,
  chosen: NewFactors,
  { db, rp, passwordKey, now }: SignInDeps,
): Promise<Pick<StoredStaff, 'passkey' | 'passwordAndApp'>> {
  if (chosen.type === 'passkey') {
    const place = { purpose: 'create', subject: id } as const;
    const challenge = await spendChallenge(chosen.passkey, place, { db, now });
    if (challenge === undefined) throw new AppError('FACTOR_REFUSED');
    const made = await verifyCreation(chosen.passkey, { rp, challenge, passkeys: [] });
    const passkey = { ...made, id: randomId('passkey'), name: 'passkey' };
    return { passkey: { ...passkey, createdAt: timestamp(now), lastUsedAt: null }, passwordAndApp: null };
  }
  const expected = staff.enrolment?.secretHash ?? null;
  if (expected === null || !equal(expected, hashOf(chosen.secret))) throw new AppError('FACTOR_REFUSED');
  const secret = Buffer.from(Secret.fromBase32(chosen.secret).bytes);
  const lastStep = totpStep(secret, chosen.code, 0, now());
  if (lastStep === undefined) throw new AppError('FACTOR_REFUSED');
  const sealed = await sealToPassword(id, chosen.password, secret, passwordKey);
  return { passkey: null, passwordAndApp: { ...sealed, lastStep } };
}

/** The one answer for a name that there is not, for one without a code, and for a wrong or late code. */
async function enrolling(shown: { name: string; code: string }, { db, now }: SignInDeps): Promise<ReadStaff> {
  const read = await findByName(db, shown.name);
  if (read?.staff.state !== 'active' || !isCode(read.staff, shown.code, now)) throw refused();
  return read;
}

function isCode({ enrolment }: StoredStaff, code: string, now: Clock): boolean {
  if (enrolment === null || Date.parse(enrolment.expiresAt) <= now()) return false;
  return equal(enrolment.codeHash, hashOf(code));
}

function hashOf(text: string): string {
  return createHash('sha256').update(`strongroom/staff-enrolment/v1:${text}`).digest('base64url');
}

function equal(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
