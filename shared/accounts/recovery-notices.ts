import { addEntry } from '../audit/append.ts';
import { paths } from '../cloud/firestore.ts';
import { withLease } from '../cloud/lease.ts';
import type { Letter } from '../cloud/mail.ts';
import { letterLink } from '../domain/letter-page.ts';
import { timestamp } from '../domain/time.ts';
import type { AccountsDeps } from './deps.ts';
import { StoredMember } from './documents.ts';
import { openEmail } from './email.ts';
import { afterFailure, afterNotice, allNoticed, entryAbout, StoredRecovery } from './recovery-store.ts';

export type NoticeDeps = Pick<AccountsDeps, 'db' | 'mailer' | 'baseUrl' | 'log' | 'now'> & {
  keyring: Pick<AccountsDeps['keyring'], 'openContact'>;
};

const LEASE = 5 * 60_000;
/** No page begins after this, so that it is over before the lease is. */
const WORKING_TIME = 4 * 60_000;
const PAGE = 50;
const SYSTEM = { type: 'system', id: null } as const;

/** One tick: sends every notice that is due, and writes down the end of what was not completed in time. */
export async function noticeRecoveries(deps: NoticeDeps): Promise<void> {
  const { db, now, log } = deps;
  await withLease(deps, 'recover', LEASE, async () => {
    const end = now() + WORKING_TIME;
    const due = db.collection(paths.recoveries).where('due', '<=', timestamp(now)).limit(PAGE);
    for (;;) {
      const page = await due.get();
      for (const { id, ref } of page.docs) {
        try {
          await sendNotice(id, deps);
        } catch (error) {
          log.recoveryStuck((await ref.get()).get('companyId') as string, error);
        }
      }
      if (page.size < PAGE || now() >= end) return;
    }
  });
}

/**
 * Sends the notice of a member's recovery that is due, and only then writes down that it went out: a run that is
 * killed in between sends it twice. One that reaches nobody at all is tried again, and the end is put off by it.
 */
export async function sendNotice(memberId: string, deps: NoticeDeps): Promise<void> {
  const { db, now } = deps;
  const ref = db.doc(paths.recovery(memberId));
  const found = await ref.get();
  const read = found.exists ? StoredRecovery.parse(found.data()) : undefined;
  if (read === undefined || Date.parse(read.due) > now()) return;
  const own = { companyId: read.companyId, memberId };
  const lapsed = allNoticed(read);
  const letters = lapsed ? 0 : await tellOfRecovery(own, 'recovery_waiting', deps);

  await db.runTransaction(async (tx) => {
    const again = await tx.get(ref);
    const current = again.exists ? StoredRecovery.parse(again.data()) : undefined;
    // Stopped, ended or noticed by another run meanwhile.
    if (current?.startedAt !== read.startedAt || current.notices !== read.notices) return;
    const about = entryAbout(own, SYSTEM);
    if (lapsed) {
      tx.delete(ref);
      addEntry(tx, { ...about, action: 'recovery.lapsed' }, deps);
    } else if (letters === 0) {
      tx.update(ref, { due: afterFailure(current, now) });
    } else {
      tx.set(ref, afterNotice(current, now));
      addEntry(tx, { ...about, action: 'recovery.noticed', facts: { quantity: letters } }, deps);
    }
  });
}

/** Writes to every active owner and to the member. Answers how many letters went out: what was done stands anyhow. */
export async function tellOfRecovery(
  { companyId, memberId }: { companyId: string; memberId: string },
  letter: Letter,
  { db, keyring, mailer, baseUrl, log }: NoticeDeps,
): Promise<number> {
  const [owners, own] = await Promise.all([
    db.collection(paths.members(companyId)).where('role', '==', 'owner').get(),
    db.doc(paths.member(companyId, memberId)).get(),
  ]);
  const told = new Map([...owners.docs, ...(own.exists ? [own] : [])].map((doc) => [doc.id, doc]));
  let sent = 0;
  for (const [id, doc] of told) {
    const member = StoredMember.parse(doc.data());
    if (member.state !== 'active') continue;
    try {
      const to = await openEmail(keyring, companyId, id, member.email);
      await mailer.send(to, letter, letterLink(baseUrl, 'recoveries'));
      sent += 1;
    } catch (error) {
      log.mailFailed(error);
    }
  }
  return sent;
}
