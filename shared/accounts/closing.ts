import { type DocumentSnapshot, Timestamp, type Transaction } from '@google-cloud/firestore';
import { z } from 'zod';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { idSchema } from '../domain/ids.ts';
import { letterLink } from '../domain/letter-page.ts';
import { timestamp } from '../domain/time.ts';
import type { AccountsDeps } from './deps.ts';
import { StoredCompany, StoredMember } from './documents.ts';
import { openEmail } from './email.ts';
import { admitLink, type Origin } from './limits.ts';
import { linkHash, linkOver, newLinkToken } from './link-token.ts';
import { type MemberActing, ownMember, requireFreshPassword } from './own-member.ts';

/** How long a deletion can be taken back: seven days, in milliseconds. */
export const GRACE_MS = 7 * 24 * 60 * 60_000;

const Instant = z.iso.datetime({ precision: 3 });

/**
 * `closings/{companyId}`: how far the deletion of a company has come. It outlives the company by ninety days, for
 * whoever has the receipt, and says nothing of it but its id and times.
 */
export const StoredClosing = z.object({
  companyId: idSchema('company'),
  /** `grace`: can be taken back. `confirmed`: over, and no copy of a key is left anywhere. */
  state: z.enum(['grace', 'ending', 'erasing', 'destroying', 'removing', 'destroyed', 'confirmed']),
  askedAt: Instant,
  until: Instant,
  /** When there is something to do next; absent at the end. Deletions are few: an index on a time is no hot one. */
  due: Instant.optional(),
  receiptHash: z.string(),
  destroyedAt: Instant.nullable(),
  horizon: Instant.nullable(),
  /** Compact JWS of type `strongroom-closing+jwt` by the `attest` key. */
  certificate: z.string().nullable(),
  expireAt: z.instanceof(Timestamp).optional(),
});
export type StoredClosing = z.infer<typeof StoredClosing>;

/**
 * Asks for the deletion of the company, which begins in seven days; orders are not taken from now on. For an owner who
 * has just shown password and second factor, else `FRESH_SIGN_IN_NEEDED`. The receipt, which the owners' letters hold
 * too, leads to the certificate when nobody can sign in any more.
 */
export async function askForClosing(
  { session, requestId }: MemberActing,
  deps: AccountsDeps,
): Promise<{ company: StoredCompany; receipt: string; entry: AuditEntry }> {
  const { db, now } = deps;
  const { companyId } = session;
  const receipt = newLinkToken();
  const asked = await db.runTransaction(async (tx) => {
    const own = await ownMember(tx, session, deps);
    if (own.member.role !== 'owner') throw new AppError('FORBIDDEN', 'only an owner deletes a company');
    requireFreshPassword(own.session, now);
    const company = await companyIn(tx, companyId, deps);
    if (company.closing !== null) throw new AppError('CONFLICT', 'the company is being deleted already');
    const sides = await partnersIn(tx, companyId, deps);
    const closing = {
      at: timestamp(now),
      until: new Date(now() + GRACE_MS).toISOString(),
      by: session.memberId,
    };
    tx.update(db.doc(paths.company(companyId)), { closing });
    tx.set(db.doc(paths.closing(companyId)), {
      ...{ companyId, state: 'grace', askedAt: closing.at, until: closing.until, due: closing.until },
      ...{ receiptHash: linkHash(receipt), destroyedAt: null, horizon: null, certificate: null },
    } satisfies StoredClosing);
    tellPartners(tx, sides, ['active', 'closing'], 'partner.closing', requestId, deps);
    const entry = addOwnEntry(tx, session, 'company.closing', requestId, deps);
    return { company: { ...company, closing }, entry };
  });
  await tellOwners(companyId, receipt, deps);
  return { ...asked, receipt };
}

/** Takes the deletion back. `CONFLICT` when none was asked for or the seven days are over. */
export async function keepCompany(
  { session, requestId }: MemberActing,
  deps: AccountsDeps,
): Promise<{ company: StoredCompany; entry: AuditEntry }> {
  const { db, now } = deps;
  const { companyId } = session;
  return db.runTransaction(async (tx) => {
    const own = await ownMember(tx, session, deps);
    if (own.member.role !== 'owner') throw new AppError('FORBIDDEN', 'only an owner keeps a company');
    const company = await companyIn(tx, companyId, deps);
    const ref = db.doc(paths.closing(companyId));
    const closing = StoredClosing.safeParse((await tx.get(ref)).data()).data;
    const open = closing?.state === 'grace' && Date.parse(closing.until) > now();
    if (!open) throw new AppError('CONFLICT', 'there is no deletion that can be taken back');
    const sides = await partnersIn(tx, companyId, deps);
    tx.update(db.doc(paths.company(companyId)), { closing: null });
    tx.delete(ref);
    tellPartners(tx, sides, ['closing', 'active'], 'partner.kept', requestId, deps);
    const entry = addOwnEntry(tx, session, 'company.kept', requestId, deps);
    return { company: { ...company, closing: null }, entry };
  });
}

/** How far a deletion has come, for whoever has its receipt. */
export async function readClosing(
  receipt: string,
  origin: Origin,
  { db, throttle }: Pick<AccountsDeps, 'db' | 'throttle'>,
): Promise<StoredClosing> {
  await admitLink(throttle, origin);
  const found = await db.collection('closings').where('receiptHash', '==', linkHash(receipt)).limit(1).get();
  const closing = found.docs[0];
  if (closing === undefined) throw linkOver();
  return StoredClosing.parse(closing.data());
}

async function companyIn(
  tx: Transaction,
  companyId: string,
  { db }: Pick<AccountsDeps, 'db'>,
): Promise<StoredCompany> {
  const found = await tx.get(db.doc(paths.company(companyId)));
  if (!found.exists) throw new AppError('NOT_FOUND');
  return StoredCompany.parse(found.data());
}

/** What each partner holds of its connection to this company: both know it by the same id. */
async function partnersIn(
  tx: Transaction,
  companyId: string,
  { db }: Pick<AccountsDeps, 'db'>,
): Promise<DocumentSnapshot[]> {
  const own = await tx.get(db.collection(paths.partners(companyId)).select('companyId'));
  const refs = own.docs.flatMap((doc) => {
    const partner = doc.get('companyId') as string | null;
    return partner === null ? [] : [db.doc(paths.partner(partner, doc.id))];
  });
  if (refs.length === 0) return [];
  return (await tx.getAll(...refs)).filter(({ exists }) => exists);
}

/** A partner asks a company that is closing for nothing, and reads in its log that it is; a paused one asks nothing already. */
function tellPartners(
  tx: Transaction,
  sides: DocumentSnapshot[],
  [from, to]: ['active', 'closing'] | ['closing', 'active'],
  action: 'partner.closing' | 'partner.kept',
  requestId: string,
  deps: Pick<AccountsDeps, 'db' | 'now'>,
): void {
  for (const side of sides) {
    const state: unknown = side.get('state');
    if (state !== from && state !== 'paused') continue;
    if (state === from) tx.update(side.ref, { state: to });
    const companyId = side.ref.parent.parent?.id ?? '';
    const record = { type: 'partner', id: side.id } as const;
    // Who of the other company it was is none of the partner's business.
    const actor = { type: 'system', id: null } as const;
    addEntry(tx, { companyId, actor, action, record, result: 'done', requestId, facts: {} }, deps);
  }
}

function addOwnEntry(
  tx: Transaction,
  { companyId, memberId }: MemberActing['session'],
  action: 'company.closing' | 'company.kept',
  requestId: string,
  deps: Pick<AccountsDeps, 'db' | 'now'>,
): AuditEntry {
  const actor = { type: 'member', id: memberId } as const;
  const record = { type: 'company', id: companyId } as const;
  return addEntry(tx, { companyId, actor, action, record, result: 'done', requestId, facts: {} }, deps);
}

/** Every owner learns of it: one that was not asked can take it back. It stands whether or not a letter goes out. */
async function tellOwners(companyId: string, receipt: string, deps: AccountsDeps): Promise<void> {
  const { db, keyring, mailer, baseUrl, log } = deps;
  const owners = await db.collection(paths.members(companyId)).where('role', '==', 'owner').get();
  for (const owner of owners.docs) {
    try {
      const { email } = StoredMember.parse(owner.data());
      const to = await openEmail(keyring, companyId, owner.id, email);
      await mailer.send(to, 'company_closing', letterLink(baseUrl, 'closing', { token: receipt }));
    } catch (error) {
      log.mailFailed(error);
    }
  }
}
