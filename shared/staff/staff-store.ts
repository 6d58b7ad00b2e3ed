import type { DocumentReference, DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import { z } from 'zod';
import { paths } from '../cloud/firestore.ts';
import { idSchema } from '../domain/ids.ts';
import { ATTESTED_FOR, STAFF_ROLES, StaffName } from '../domain/staff.ts';
import type { Clock } from '../domain/time.ts';
import { StoredPasskey } from '../factors/stored-factors.ts';

const Bytes = z.instanceof(Buffer);
const Time = z.iso.datetime();

/**
 * A password and an authenticator app, as one: the app's secret is sealed under a key that only the password gives.
 * The staff's desk has no key of its own, and whoever reads the database has neither of the two.
 */
export const PasswordAndApp = z.object({ salt: Bytes, sealedSecret: Bytes, lastStep: z.int() });
export type PasswordAndApp = z.infer<typeof PasswordAndApp>;

/** `staff/{id}`: one of our own people, by a name that is a code; nothing else about the person is kept. */
export const StoredStaff = z.object({
  name: StaffName,
  role: z.enum(STAFF_ROLES),
  state: z.enum(['active', 'suspended']),
  /** Two factors or nothing: a passkey that checks who holds it, or a password and an app. */
  passkey: StoredPasskey.nullable(),
  passwordAndApp: PasswordAndApp.nullable(),
  /** The operator's code with which the two factors are set up, once. */
  enrolment: z
    .object({ codeHash: z.string(), secretHash: z.string().nullable(), expiresAt: Time })
    .nullable(),
  trainedUntil: Time.nullable(),
  /** Since when the account has had access; from here on it is to be attested. */
  activeSince: Time,
  /** The last signed list that this account is on. */
  attested: z.object({ id: idSchema('attestation'), at: Time }).nullable(),
  /** A day, so that the list does not change while it is being signed. */
  lastUsedOn: z.iso.date().nullable(),
  createdAt: Time,
});
export type StoredStaff = z.infer<typeof StoredStaff>;

export interface ReadStaff {
  id: string;
  staff: StoredStaff;
}

export function staffDoc(db: Firestore, staffId: string): DocumentReference {
  return db.doc(paths.staffMember(staffId));
}

export function toStaff(snapshot: DocumentSnapshot): ReadStaff | undefined {
  return snapshot.exists ? { id: snapshot.id, staff: StoredStaff.parse(snapshot.data()) } : undefined;
}

/** Two reads, whether there is such a name or not. */
export async function findByName(db: Firestore, name: string): Promise<ReadStaff | undefined> {
  const staffId: unknown = (await db.doc(paths.staffName(name)).get()).get('staffId');
  return toStaff(await staffDoc(db, typeof staffId === 'string' ? staffId : 'nobody').get());
}

/** Active, and attested within 90 days: also when the daily review has not run. */
export function hasAccess(staff: StoredStaff, now: Clock): boolean {
  const since = Date.parse(staff.attested?.at ?? staff.activeSince);
  const restored = Date.parse(staff.activeSince);
  return staff.state === 'active' && now() - Math.max(since, restored) < ATTESTED_FOR;
}

export function isTrained(staff: StoredStaff, now: Clock): boolean {
  return staff.trainedUntil !== null && Date.parse(staff.trainedUntil) > now();
}

/** The factors as the list of staff names them. */
export function factorsOf(staff: StoredStaff): ('passkey' | 'password' | 'totp')[] {
  if (staff.passkey !== null) return ['passkey'];
  return staff.passwordAndApp === null ? [] : ['password', 'totp'];
}

/** `2026-11-23` */
export function dayOf(now: Clock): string {
  return new Date(now()).toISOString().slice(0, 10);
}
