import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { letterLink } from '../domain/letter-page.ts';
import { issueChallenge, spendChallenge } from '../factors/challenges.ts';
import {
  addPasskey,
  beginTotp,
  confirmTotp,
  type Enrolled,
  replaceRecoveryCodes,
  type SecretBox,
} from '../factors/enrol.ts';
import { creationOptions, type PasskeyAttestation, verifyCreation } from '../factors/passkeys.ts';
import {
  type FactorView,
  hasFactor,
  listFactors,
  type StoredFactors,
  withoutFactor,
} from '../factors/stored-factors.ts';
import { totpEnrolment } from '../factors/totp.ts';
import type { AccountsDeps } from './deps.ts';
import { StoredMember } from './documents.ts';
import { openEmail } from './email.ts';
import { type MemberActing, type OwnMember, ownMember, requireFreshSignIn } from './own-member.ts';
import { endAll, raiseSession, type Session, sessionsIn } from './sessions.ts';

type Deps = Pick<AccountsDeps, 'db' | 'keyring' | 'mailer' | 'relyingParty' | 'baseUrl' | 'log' | 'now'>;

/** A factor that was added, as it is shown once. */
export interface AddedFactor {
  factor: FactorView;
  /** With the first factor. */
  recoveryCodes: string[] | null;
  /** Of the whole session that takes the place of one that waited for a factor. */
  token: string | null;
  entry: AuditEntry;
}

/** The factors of whoever acts. */
export async function readFactors(session: Session, { db }: Pick<Deps, 'db'>): Promise<StoredFactors> {
  const found = await db.doc(paths.member(session.companyId, session.memberId)).get();
  if (!found.exists) throw new AppError('UNAUTHENTICATED');
  return StoredMember.parse(found.data()).secondFactors;
}

/** Seals and opens a member's TOTP secret with the company's key. */
export function secretsOf(
  { companyId, memberId }: Pick<Session, 'companyId' | 'memberId'>,
  { keyring }: Pick<Deps, 'keyring'>,
): SecretBox {
  const purpose = `totp/${memberId}`;
  return {
    seal: (secret) => keyring.sealSecret(companyId, purpose, secret),
    open: (sealed) => keyring.openSecret(companyId, purpose, sealed),
  };
}

/** A secret for an authenticator app, which counts once `finishTotp` has seen a code of it. */
export async function startTotp(acting: MemberActing, deps: Deps): Promise<{ secret: string; uri: string }> {
  return deps.db.runTransaction(async (tx) => {
    const own = await ownMember(tx, acting.session, deps);
    requireMayAdd(own, deps);
    const box = secretsOf(own.session, deps);
    const { factors, secret } = await beginTotp(own.member.secondFactors, { box, now: deps.now });
    tx.update(own.ref, { secondFactors: factors });
    return totpEnrolment(secret, await emailOf(own, deps));
  });
}

/** The app becomes a factor, in the place of an earlier one, which ends the other sessions. `FACTOR_REFUSED` for a wrong code. */
export function finishTotp(code: string, acting: MemberActing, deps: Deps): Promise<AddedFactor> {
  return add(acting, deps, ({ session, member }) =>
    confirmTotp(member.secondFactors, code, { box: secretsOf(session, deps), now: deps.now }),
  );
}

/** What a browser needs to make a passkey in this session. */
export async function startPasskey(acting: MemberActing, deps: Deps): ReturnType<typeof creationOptions> {
  const own = await deps.db.runTransaction((tx) => ownMember(tx, acting.session, deps), { readOnly: true });
  requireMayAdd(own, deps);
  const challenge = await issueChallenge({ purpose: 'create', subject: own.session.id }, deps);
  return creationOptions({
    rp: deps.relyingParty,
    user: { id: own.session.memberId, name: await emailOf(own, deps) },
    passkeys: own.member.secondFactors.passkeys,
    challenge,
  });
}

/** The passkey that was made becomes a factor. `FACTOR_REFUSED` when it is not what was asked for in this session. */
export async function finishPasskey(
  made: { name: string; credential: PasskeyAttestation },
  acting: MemberActing,
  deps: Deps,
): Promise<AddedFactor> {
  const place = { purpose: 'create', subject: acting.session.id } as const;
  const challenge = await spendChallenge(made.credential, place, deps);
  if (challenge === undefined) throw new AppError('FACTOR_REFUSED');
  return add(acting, deps, async ({ member }) => {
    const { passkeys } = member.secondFactors;
    const verified = await verifyCreation(made.credential, { rp: deps.relyingParty, challenge, passkeys });
    return addPasskey(member.secondFactors, verified, made.name, deps.now);
  });
}

/**
 * Takes a factor away and ends the member's other sessions. `LAST_FACTOR` for the only one of an owner, `NOT_FOUND`
 * when there is none of this id.
 */
export async function removeFactor(id: string, acting: MemberActing, deps: Deps): Promise<AuditEntry> {
  const { own, entry } = await deps.db.runTransaction(async (tx) => {
    const own = await ownMember(tx, acting.session, deps);
    requireFreshSignIn(own.session, deps.now);
    const stored = own.member.secondFactors;
    const left = withoutFactor(stored, id);
    if (left === undefined) throw new AppError('NOT_FOUND');
    if (own.member.role === 'owner' && !hasFactor(left)) throw new AppError('LAST_FACTOR');
    const others = await otherSessions(tx, own, deps);
    tx.update(own.ref, { secondFactors: left });
    endAll(tx, others, deps);
    const facts = { ...factFor(stored, id), sessions: others.length };
    return { own, entry: addEntry(tx, { ...about(own, acting), action: 'factor.removed', facts }, deps) };
  });
  await tellMember(own, deps);
  return entry;
}

/** Ten new codes in the place of all earlier ones. `CONFLICT` without a factor that they stand in for. */
export async function renewRecoveryCodes(
  acting: MemberActing,
  deps: Deps,
): Promise<{ codes: string[]; entry: AuditEntry }> {
  const { own, codes, entry } = await deps.db.runTransaction(async (tx) => {
    const own = await ownMember(tx, acting.session, deps);
    requireFreshSignIn(own.session, deps.now);
    const { factors, codes } = replaceRecoveryCodes(own.member.secondFactors);
    tx.update(own.ref, { secondFactors: factors });
    const facts = { quantity: codes.length };
    const entry = addEntry(tx, { ...about(own, acting), action: 'recovery_codes.replaced', facts }, deps);
    return { own, codes, entry };
  });
  await tellMember(own, deps);
  return { codes, entry };
}

async function add(
  acting: MemberActing,
  deps: Deps,
  make: (own: OwnMember) => Enrolled | Promise<Enrolled>,
): Promise<AddedFactor> {
  const { own, ...added } = await deps.db.runTransaction(async (tx) => {
    const own = await ownMember(tx, acting.session, deps);
    requireMayAdd(own, deps);
    const made = await make(own);
    // What was signed in with a password alone does not outlive the first factor, nor what an app's codes the next app.
    const before = own.member.secondFactors;
    const kept = hasFactor(before) && !replaces(before, made.factors);
    const others = kept ? [] : await otherSessions(tx, own, deps);
    tx.update(own.ref, { secondFactors: made.factors, mustEnrol: false });
    endAll(tx, others, deps);
    const waited = own.session.level === 'needs_enrolment';
    const token = waited ? raiseSession(tx, own.session, 'full', deps).token : null;
    const facts = { ...factFor(made.factors, made.id), sessions: others.length };
    const entry = addEntry(tx, { ...about(own, acting), action: 'factor.added', facts }, deps);
    return { own, factor: viewOf(made.factors, made.id), recoveryCodes: made.recoveryCodes, token, entry };
  });
  await tellMember(own, deps);
  return added;
}

/** Whether one factor took the place of another, such as of an app on a phone that was lost. */
function replaces(before: StoredFactors, after: StoredFactors): boolean {
  const left = new Set(listFactors(after).map(({ id }) => id));
  return listFactors(before).some(({ id }) => !left.has(id));
}

/**
 * A sign-in that waits for its first factor is there to add one, unless another sign-in has done so meanwhile: that
 * one must be shown then. Any other has to be fresh.
 */
function requireMayAdd({ session, member }: OwnMember, { now }: Pick<Deps, 'now'>): void {
  if (session.level !== 'needs_enrolment') requireFreshSignIn(session, now);
  else if (hasFactor(member.secondFactors)) throw new AppError('UNAUTHENTICATED');
}

async function otherSessions(
  tx: Parameters<typeof sessionsIn>[0],
  { session }: OwnMember,
  deps: Pick<Deps, 'db'>,
): Promise<Session[]> {
  const all = await sessionsIn(tx, session.memberId, deps);
  return all.filter(({ hash }) => hash !== session.hash);
}

function emailOf({ session, member }: OwnMember, { keyring }: Pick<Deps, 'keyring'>): Promise<string> {
  return openEmail(keyring, session.companyId, session.memberId, member.email);
}

/** The change stands whether or not the letter goes out. */
async function tellMember(own: OwnMember, deps: Deps): Promise<void> {
  try {
    await deps.mailer.send(
      await emailOf(own, deps),
      'second_factors_changed',
      letterLink(deps.baseUrl, 'second-factors'),
    );
  } catch (error) {
    deps.log.mailFailed(error);
  }
}

function viewOf(factors: StoredFactors, id: string): FactorView {
  const found = listFactors(factors).find((factor) => factor.id === id);
  if (found === undefined) throw new AppError('NOT_FOUND');
  return found;
}

function factFor(factors: StoredFactors, factorId: string): { factor: FactorView['type']; factorId: string } {
  return { factor: viewOf(factors, factorId).type, factorId };
}

function about({ session }: OwnMember, { requestId }: MemberActing) {
  const member = { type: 'member', id: session.memberId } as const;
  return { companyId: session.companyId, actor: member, record: member, result: 'done', requestId } as const;
}
