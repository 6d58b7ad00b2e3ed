import type { DocumentData, DocumentReference, DocumentSnapshot } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import type { MemberRole } from '../domain/roles.ts';
import { timestamp } from '../domain/time.ts';
import { NO_FACTORS } from '../factors/stored-factors.ts';
import type { AccountsDeps } from './deps.ts';
import { type EmailRef, StoredMember } from './documents.ts';
import { emailHashOf, sealEmail } from './email.ts';

/** A member and the reference by which the address finds it, sealed and ready to be written. */
export interface NewMember {
  memberId: string;
  companyId: string;
  stored: StoredMember;
}

export async function newMember(
  input: { companyId: string; memberId: string; email: string; role: MemberRole; passwordHash: string },
  { keyring, now }: Pick<AccountsDeps, 'keyring' | 'now'>,
): Promise<NewMember> {
  const { companyId, memberId, email, role, passwordHash } = input;
  const createdAt = timestamp(now);
  const stored: StoredMember = {
    email: await sealEmail(keyring, companyId, memberId, email),
    emailHash: emailHashOf(await keyring.lookup(), email),
    ...{ role, state: 'active', passwordHash, passwordChangedAt: createdAt, createdAt },
    ...{ lastSignInAt: null, mustEnrol: false },
    secondFactors: NO_FACTORS,
  };
  return { memberId, companyId, stored };
}

/** Fails with the commit when the address is in a company already. */
export function addMember(
  writer: { create(ref: DocumentReference, data: DocumentData): unknown },
  { companyId, memberId, stored }: NewMember,
  { db }: Pick<AccountsDeps, 'db'>,
): void {
  writer.create(db.doc(paths.member(companyId, memberId)), stored);
  writer.create(db.doc(paths.emailRef(stored.emailHash)), { companyId, memberId } satisfies EmailRef);
}

/** The member of a document; `NOT_FOUND` when there is none. */
export function readMember(snapshot: DocumentSnapshot): StoredMember {
  if (!snapshot.exists) throw new AppError('NOT_FOUND');
  return StoredMember.parse(snapshot.data());
}
