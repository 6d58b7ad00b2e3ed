import { randomUUID } from 'node:crypto';
import { Timestamp } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import { paths } from '../cloud/firestore.ts';
import { randomId } from '../domain/ids.ts';
import { letterLink } from '../domain/letter-page.ts';
import { timestamp } from '../domain/time.ts';
import type { AccountsDeps } from './deps.ts';
import { EmailRef, StoredLink, StoredMember } from './documents.ts';
import { emailHashOf } from './email.ts';
import { admitLetter, type Origin } from './limits.ts';
import { linkHash, linkOver, newLinkToken } from './link-token.ts';

const HOUR_MS = 60 * 60 * 1000;

/** What a link to a member's own address is for. One kind never works as another: each has a collection of its own. */
const KINDS = {
  reset: {
    path: paths.reset,
    action: 'password.reset_asked',
    letters: { known: 'password_reset', unknown: 'password_reset_unknown' },
    page: 'reset',
  },
  recovery: {
    path: paths.recoveryLink,
    action: 'recovery.asked',
    letters: { known: 'recovery', unknown: 'recovery_unknown' },
    page: 'recovery',
  },
} as const;

/** Sends a link that works once, for an hour. An unknown address gets a letter too, for the same work. */
export async function mailLink(
  kind: keyof typeof KINDS,
  email: string,
  origin: Origin,
  deps: AccountsDeps,
): Promise<void> {
  const { db, keyring, throttle, mailer, baseUrl, now } = deps;
  const { path, action, letters, page } = KINDS[kind];
  const account = emailHashOf(await keyring.lookup(), email);
  const { send } = await admitLetter(throttle, kind, account, origin);
  const found = await db.doc(paths.emailRef(account)).get();
  const ref = found.exists ? EmailRef.parse(found.data()) : undefined;
  const stored = await db.doc(paths.member(ref?.companyId ?? 'nobody', ref?.memberId ?? 'nobody')).get();
  const member = stored.exists ? StoredMember.parse(stored.data()) : undefined;
  const known = member?.state === 'active' ? ref : undefined;
  if (!send) return;

  const token = newLinkToken();
  const expiresAt = timestamp(() => now() + HOUR_MS);
  const batch = db.batch();
  batch.create(db.doc(path(linkHash(token))), {
    // Of an unknown address a link of nobody, which is never sent, so that both take the same writes.
    companyId: known?.companyId ?? randomId('company'),
    memberId: known?.memberId ?? randomId('member'),
    passwordChangedAt: member?.passwordChangedAt ?? expiresAt,
    expiresAt,
    expireAt: Timestamp.fromMillis(now() + HOUR_MS),
  } satisfies StoredLink);
  if (known === undefined) {
    const decoy = db.doc(paths.throttle(`${kind}-${randomUUID()}`));
    batch.create(decoy, { requestId: origin.requestId, expireAt: Timestamp.fromMillis(now()) });
  } else {
    addEntry(
      batch,
      {
        companyId: known.companyId,
        actor: { type: 'anonymous', id: null },
        action,
        record: { type: 'member', id: known.memberId },
        result: 'done',
        requestId: origin.requestId,
        facts: {},
      },
      deps,
    );
  }
  await batch.commit();
  if (known === undefined) await mailer.send(email, letters.unknown, letterLink(baseUrl, 'sign-up'));
  else await mailer.send(email, letters.known, letterLink(baseUrl, page, { token }));
}

/** The link as it stands; the one answer to all that can be wrong with one otherwise. */
export async function requireLink(
  reading: Promise<{ exists: boolean; data(): unknown }>,
  at: number,
): Promise<StoredLink> {
  const found = await reading;
  if (!found.exists) throw linkOver();
  const link = StoredLink.parse(found.data());
  if (Date.parse(link.expiresAt) <= at) throw linkOver();
  return link;
}
