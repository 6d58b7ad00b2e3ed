import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { AppError } from '../domain/errors.ts';
import { issueChallenge, spendChallenge } from '../factors/challenges.ts';
import { checkFactor, type FactorProof, pauseSeconds } from '../factors/check-factor.ts';
import { type PasskeyAssertion, requestOptions } from '../factors/passkeys.ts';
import { hasFactor } from '../factors/stored-factors.ts';
import type { AccountsDeps } from './deps.ts';
import { type MemberActing, ownMember } from './own-member.ts';
import { readFactors, secretsOf } from './second-factors.ts';
import { endAll, raiseSession, type Session } from './sessions.ts';

/** What a member sends after the password: exactly one of them. */
export type ShownFactor = { totp: string } | { recoveryCode: string } | { passkey: PasskeyAssertion };

type Deps = Pick<AccountsDeps, 'db' | 'keyring' | 'relyingParty' | 'now'>;

/** What a browser needs to use one of the member's passkeys in this session. `CONFLICT` when there is none. */
export async function askForPasskey(session: Session, deps: Deps): ReturnType<typeof requestOptions> {
  const { passkeys } = await readFactors(session, deps);
  if (passkeys.length === 0) throw new AppError('CONFLICT', 'there is no passkey');
  const challenge = await issueChallenge({ purpose: 'get', subject: session.id }, deps);
  return requestOptions({ rp: deps.relyingParty, passkeys, challenge });
}

/**
 * Ends the session and begins a whole one under a new token. `FACTOR_REFUSED` when the factor does not hold; with the
 * fifth time in a row the session ends, and `TOO_MANY_REQUESTS` says when codes are looked at again. Whatever was
 * used is used up, and each miss counted, by the same commit.
 */
export async function showFactor(
  shown: ShownFactor,
  acting: MemberActing,
  deps: Deps,
): Promise<{ token: string; session: Session; entry: AuditEntry }> {
  const { db, now } = deps;
  const proof = await proofOf(shown, acting.session, deps);
  const outcome = await db.runTransaction(async (tx) => {
    const { session, member, ref } = await ownMember(tx, acting.session, deps);
    if (!hasFactor(member.secondFactors)) throw new AppError('CONFLICT', 'there is no second factor');
    const checked = await checkFactor(member.secondFactors, proof, {
      userId: session.memberId,
      rp: deps.relyingParty,
      openSecret: secretsOf(session, deps).open,
      now,
    });
    const secondFactors = checked.factors;
    tx.update(ref, { secondFactors });
    const about = {
      companyId: session.companyId,
      actor: { type: 'member', id: session.memberId },
      record: { type: 'member', id: session.memberId },
      requestId: acting.requestId,
    } as const;
    if (checked.accepted) {
      const raised = raiseSession(tx, session, 'full', deps);
      const facts = { factor: proof.type, sessionId: raised.session.id };
      const entry = addEntry(tx, { ...about, action: 'factor.accepted', result: 'done', facts }, deps);
      return { ...raised, entry };
    }
    if (checked.exhausted) endAll(tx, [session], deps);
    const facts = { factor: proof.type, sessionId: session.id };
    addEntry(tx, { ...about, action: 'factor.refused', result: 'refused', facts }, deps);
    const retryAfter = checked.exhausted ? pauseSeconds(secondFactors, now) : undefined;
    return { retryAfter };
  });
  if ('token' in outcome) return outcome;
  const { retryAfter } = outcome;
  if (retryAfter === undefined) throw new AppError('FACTOR_REFUSED');
  throw new AppError('TOO_MANY_REQUESTS', 'too many wrong codes: sign in again', { retryAfter });
}

async function proofOf(shown: ShownFactor, session: Session, deps: Deps): Promise<FactorProof> {
  if ('totp' in shown) return { type: 'totp', code: shown.totp };
  if ('recoveryCode' in shown) return { type: 'recovery_code', code: shown.recoveryCode };
  const assertion = shown.passkey;
  const challenge = await spendChallenge(assertion, { purpose: 'get', subject: session.id }, deps);
  return { type: 'passkey', assertion, challenge };
}
