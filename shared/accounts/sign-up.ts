import { Timestamp } from '@google-cloud/firestore';
import { z } from 'zod';
import { addEntry } from '../audit/append.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { idSchema, randomId } from '../domain/ids.ts';
import { letterLink } from '../domain/letter-page.ts';
import { timestamp } from '../domain/time.ts';
import type { AccountsDeps } from './deps.ts';
import { type StoredCompany } from './documents.ts';
import { emailHashOf } from './email.ts';
import { admitLetter, admitLink, type Origin } from './limits.ts';
import { linkHash, linkOver, newLinkToken, openWithLink, sealForLink } from './link-token.ts';
import { addMember, newMember } from './member-store.ts';
import { requireGoodPassword } from './passwords.ts';
import { issueSession } from './sessions.ts';
import type { SignedIn } from './sign-in.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** `signUps/{SHA-256 of the token}`: what the link opens, sealed with the link's own token. */
const StoredSignUp = z.object({ sealed: z.instanceof(Buffer), expireAt: z.instanceof(Timestamp) });

const Wanted = z.object({
  companyId: idSchema('company'),
  memberId: idSchema('member'),
  name: z.string(),
  email: z.string(),
  passwordHash: z.string(),
  mode: z.enum(['live', 'test']),
});
type Wanted = z.infer<typeof Wanted>;

/** Sends a link that makes the account; an address that has one gets a letter that says so. Both take the same work. */
export async function askForAccount(
  input: { name: string; email: string; password: string; mode: 'live' | 'test' },
  origin: Origin,
  { db, keyring, passwords, throttle, mailer, baseUrl, now }: AccountsDeps,
): Promise<void> {
  const { name, email, password, mode } = input;
  const account = emailHashOf(await keyring.lookup(), email);
  const { send } = await admitLetter(throttle, 'sign_up', account, origin);
  await requireGoodPassword(password, 'password', [email, name]);
  const passwordHash = await passwords.hash(password);

  const known = (await db.doc(paths.emailRef(account)).get()).exists;
  if (!send) return;
  const token = newLinkToken();
  const ids = { companyId: randomId('company'), memberId: randomId('member') };
  const wanted: Wanted = { ...ids, name, email, passwordHash, mode };
  await db.doc(paths.signUp(linkHash(token))).create({
    sealed: sealForLink(token, Buffer.from(JSON.stringify(wanted), 'utf8')),
    expireAt: Timestamp.fromMillis(now() + DAY_MS),
  } satisfies z.infer<typeof StoredSignUp>);
  if (known) await mailer.send(email, 'sign_up_known', letterLink(baseUrl, 'sign-in'));
  else await mailer.send(email, 'sign_up', letterLink(baseUrl, 'confirm', { token }));
}

/** Makes the company, its key and its owner, who is signed in. A link works once; `CONFLICT` when the address is taken. */
export async function confirmAccount(
  token: string,
  origin: Origin,
  deps: AccountsDeps,
): Promise<SignedIn & { companyId: string; memberId: string }> {
  const { db, keyring, throttle, now } = deps;
  await admitLink(throttle, origin);
  const ref = db.doc(paths.signUp(linkHash(token)));
  const found = await ref.get();
  if (!found.exists) throw linkOver();
  const { sealed, expireAt } = StoredSignUp.parse(found.data());
  if (expireAt.toMillis() <= now()) throw linkOver();
  const wanted = Wanted.parse(JSON.parse(openWithLink(token, sealed).toString('utf8')));
  const { companyId, memberId, name, mode } = wanted;

  // The ids are the link's: a second try after a crash finds the key that the first one made.
  await keyring.createCompanyKey(companyId);
  const owner = await newMember({ ...wanted, role: 'owner' }, deps);
  const company: StoredCompany = { name, mode, createdAt: timestamp(now), closing: null };
  return db.runTransaction(async (tx) => {
    const [link, taken] = await tx.getAll(ref, db.doc(paths.emailRef(owner.stored.emailHash)));
    if (!link?.exists) throw linkOver();
    if (taken?.exists) throw new AppError('CONFLICT', 'this address has an account already');
    tx.delete(ref);
    tx.create(db.doc(paths.company(companyId)), company);
    addMember(tx, { ...owner, stored: { ...owner.stored, lastSignInAt: timestamp(now) } }, deps);
    const level = 'needs_enrolment' as const;
    const { token: sessionToken, session } = issueSession(
      tx,
      { companyId, memberId, mode, role: 'owner', level },
      deps,
    );
    const entry = addEntry(
      tx,
      {
        companyId,
        actor: { type: 'member', id: memberId },
        action: 'company.created',
        record: { type: 'company', id: companyId },
        result: 'done',
        requestId: origin.requestId,
        facts: { memberId, sessionId: session.id },
      },
      deps,
    );
    return { token: sessionToken, session, level, factors: [], entry, companyId, memberId };
  });
}
