import { createHash } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { z } from 'zod';
import { paths } from '../cloud/firestore.ts';
import { associatedData } from '../crypto/associated-data.ts';
import { AppError } from '../domain/errors.ts';
import { idSchema, randomId } from '../domain/ids.ts';
import { STAFF_ROLES, StaffName } from '../domain/staff.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { PasskeyAssertion, type RelyingParty, verifyAssertion } from '../factors/passkeys.ts';
import { StoredPasskey } from '../factors/stored-factors.ts';
import { dayOf, factorsOf, type ReadStaff, staffDoc, toStaff } from './staff-store.ts';

/** One account as the reviewer sees and signs it. */
export const StaffRow = z.strictObject({
  id: idSchema('staff'),
  name: StaffName,
  role: z.enum(STAFF_ROLES),
  state: z.enum(['active', 'suspended']),
  factors: z.array(z.enum(['passkey', 'password', 'totp'])),
  trainedUntil: z.iso.datetime().nullable(),
  attestedAt: z.iso.datetime().nullable(),
  lastUsedOn: z.iso.date().nullable(),
});
export type StaffRow = z.infer<typeof StaffRow>;

/** The list of a day, and what is signed of it. */
export interface StaffList {
  on: string;
  rows: StaffRow[];
  digest: string;
}

/** `attestations/{id}`: the list that was signed, and all that it takes to check the signature again. */
const Attestation = z.object({
  by: idSchema('staff'),
  at: z.iso.datetime(),
  on: z.iso.date(),
  rows: z.array(StaffRow),
  assertion: PasskeyAssertion,
  /** The signer's passkey as it was before this use. */
  passkey: StoredPasskey,
});
type Attestation = z.infer<typeof Attestation>;

export interface AttestDeps {
  db: Firestore;
  rp: RelyingParty;
  now: Clock;
}

/** All accounts by id, as they are now. */
export async function listStaff({ db, now }: Pick<AttestDeps, 'db' | 'now'>): Promise<StaffList> {
  const found = await db.collection(paths.staff).get();
  const all = found.docs.map(toStaff).filter((read) => read !== undefined);
  return listOf(
    dayOf(now),
    all.map(rowOf).sort((a, b) => (a.id < b.id ? -1 : 1)),
  );
}

/**
 * Stores the list of staff under the reviewer's signature: a passkey's assertion whose challenge is the list's digest.
 * CONFLICT when the list is not the one that was shown. Whoever signs is not attested by it.
 */
export async function attest(
  reviewer: ReadStaff,
  signed: { digest: string; assertion: PasskeyAssertion },
  deps: AttestDeps,
): Promise<{ id: string; at: string; attested: string[] }> {
  const { db, rp, now } = deps;
  const list = await listStaff(deps);
  if (list.digest !== signed.digest) throw new AppError('CONFLICT', 'the list of staff has changed');
  const { passkey } = reviewer.staff;
  // A password and a code sign nothing.
  if (passkey === null) throw new AppError('FACTOR_REFUSED', 'the list is signed with a passkey');
  const { assertion } = signed;
  const used = await verifyAssertion(assertion, {
    ...{ rp, challenge: list.digest, userId: reviewer.id },
    passkeys: [passkey],
  });
  const id = randomId('attestation');
  const at = timestamp(now);
  const stored: Attestation = { by: reviewer.id, at, on: list.on, rows: list.rows, assertion, passkey };
  const attested = list.rows.filter((row) => isAttestedBy(row, stored)).map((row) => row.id);
  const batch = db.batch();
  batch.create(db.doc(paths.attestation(id)), stored);
  batch.update(staffDoc(db, reviewer.id), { passkey: { ...used, lastUsedAt: at } });
  for (const staffId of attested) batch.update(staffDoc(db, staffId), { attested: { id, at } });
  await batch.commit();
  return { id, at, attested };
}

/** When an account was last attested, in the role that it has, by a signature that holds; `undefined` when there is none. */
export async function attestedAt(
  { id, staff }: ReadStaff,
  { db, rp }: AttestDeps,
): Promise<string | undefined> {
  if (staff.attested === null) return undefined;
  const found = Attestation.safeParse((await db.doc(paths.attestation(staff.attested.id)).get()).data());
  if (!found.success) return undefined;
  const { by, at, on, rows, assertion, passkey } = found.data;
  const attests = (row: StaffRow) =>
    row.id === id && row.role === staff.role && isAttestedBy(row, found.data);
  if (!rows.some(attests)) return undefined;
  if (!rows.some((row) => row.id === by && row.role === 'reviewer')) return undefined;
  // The day is part of what was signed: a signature does not get younger by being stored anew.
  if (at.slice(0, 10) !== on) return undefined;
  const { digest } = listOf(on, rows);
  const expected = { rp, challenge: digest, userId: by, passkeys: [passkey] };
  try {
    await verifyAssertion(assertion, expected);
    return at;
  } catch (error) {
    if (error instanceof AppError && error.code === 'FACTOR_REFUSED') return undefined;
    throw error;
  }
}

function isAttestedBy(row: StaffRow, { by }: Attestation): boolean {
  return row.state === 'active' && row.id !== by;
}

function listOf(on: string, rows: StaffRow[]): StaffList {
  // Parsed, so that members are in the order of the schema wherever they come from.
  const text = JSON.stringify(rows.map((row) => StaffRow.parse(row)));
  const digest = createHash('sha256')
    .update(associatedData('strongroom/staff-list/v1', [on, text]))
    .digest('base64url');
  return { on, rows, digest };
}

function rowOf({ id, staff }: ReadStaff): StaffRow {
  return {
    id,
    name: staff.name,
    role: staff.role,
    state: staff.state,
    factors: factorsOf(staff),
    trainedUntil: staff.trainedUntil,
    attestedAt: staff.attested?.at ?? null,
    lastUsedOn: staff.lastUsedOn,
  };
}
