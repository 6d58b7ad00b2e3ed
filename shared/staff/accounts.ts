import type { Firestore } from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { paths } from '../cloud/firestore.ts';
import { hasStatus } from '../cloud/grpc-error.ts';
import { AppError } from '../domain/errors.ts';
import { randomId } from '../domain/ids.ts';
import { ATTESTED_FOR, type StaffRole } from '../domain/staff.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { newEnrolment } from './enrol.ts';
import { endAllSessions } from './sessions.ts';
import { findByName, type ReadStaff, staffDoc, type StoredStaff } from './staff-store.ts';

/** What only the operator's own command does, under the operator's own identity. No web function calls any of it. */
export interface OperatorDeps {
  db: Firestore;
  now: Clock;
}

/** After this, in milliseconds, an account that was given access again is to be attested. */
const PROBATION = 7 * 24 * 60 * 60_000;

/** A new account and the code with which its owner sets up two factors. CONFLICT when the name is taken. */
export async function addStaff(
  name: string,
  role: StaffRole,
  { db, now }: OperatorDeps,
): Promise<{ id: string; code: string }> {
  const id = randomId('staff');
  const { code, enrolment } = newEnrolment(now);
  const at = timestamp(now);
  const staff: StoredStaff = {
    ...{ name, role, state: 'active', passkey: null, passwordAndApp: null, enrolment },
    ...{ trainedUntil: null, activeSince: at, attested: null, lastUsedOn: null, createdAt: at },
  };
  const batch = db.batch();
  batch.create(db.doc(paths.staffName(name)), { staffId: id });
  batch.create(staffDoc(db, id), staff);
  try {
    await batch.commit();
  } catch (error) {
    throw hasStatus(error, status.ALREADY_EXISTS) ? new AppError('CONFLICT', 'the name is taken') : error;
  }
  return { id, code };
}

/** A fresh code for somebody who lost a factor. Until it is used the old ones work; `suspendStaff` ends them at once. */
export async function newFactorsFor(name: string, { db, now }: OperatorDeps): Promise<{ code: string }> {
  const { id } = await named(name, { db });
  const { code, enrolment } = newEnrolment(now);
  await staffDoc(db, id).update({ enrolment });
  return { code };
}

/** Writes down until when a training counts, as a day: through its end, UTC. */
export async function recordTraining(name: string, day: string, { db }: OperatorDeps): Promise<void> {
  const { id } = await named(name, { db });
  await staffDoc(db, id).update({ trainedUntil: `${day}T23:59:59.999Z` });
}

export async function suspendStaff(name: string, { db }: OperatorDeps): Promise<void> {
  const { id } = await named(name, { db });
  await suspend(id, { db });
}

/** Gives access back for a week, in which the reviewer has to attest the account anew, whoever attested it before. */
export async function restoreStaff(name: string, { db, now }: OperatorDeps): Promise<void> {
  const { id } = await named(name, { db });
  const activeSince = new Date(now() - ATTESTED_FOR + PROBATION).toISOString();
  await staffDoc(db, id).update({ state: 'active', activeSince, attested: null });
}

/** Ends the account's access and every session of it. */
export async function suspend(staffId: string, { db }: { db: Firestore }): Promise<void> {
  await staffDoc(db, staffId).update({ state: 'suspended', enrolment: null });
  await endAllSessions(staffId, { db });
}

async function named(name: string, { db }: { db: Firestore }): Promise<ReadStaff> {
  const read = await findByName(db, name);
  if (read === undefined) throw new AppError('NOT_FOUND', 'there is no member of staff of this name');
  return read;
}
