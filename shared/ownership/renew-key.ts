import type { Firestore } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { addCompanyKeyVersion, untoldVersion, versionTold } from '../cloud/keyring-companies.ts';
import type { Kms } from '../cloud/kms.ts';
import { randomId } from '../domain/ids.ts';
import type { Clock } from '../domain/time.ts';

export interface RenewDeps {
  db: Firestore;
  keys: Firestore;
  kms: Kms;
  now: Clock;
}

/**
 * Gives a company another version of its key: the log has it as intended, then it is made, then the log has it as done.
 * The databases share no transaction, so a run that dies in between is followed by `tellRenewed`. Answers the version's number.
 */
export async function renewCompanyKey(companyId: string, deps: RenewDeps): Promise<number> {
  await note(companyId, 'intended', deps);
  const version = await addCompanyKeyVersion(companyId, { db: deps.keys, kms: deps.kms });
  await tellRenewed(companyId, deps);
  return version;
}

/** Puts into the log that a version was made, where a run died before it did. The number; undefined: all are told. */
export async function tellRenewed(companyId: string, deps: RenewDeps): Promise<number | undefined> {
  const version = await untoldVersion(companyId, deps.keys);
  if (version === undefined) return undefined;
  await note(companyId, 'done', deps);
  await versionTold(companyId, version, deps.keys);
  return version;
}

async function note(companyId: string, result: AuditEntry['result'], { db, now }: RenewDeps): Promise<void> {
  const batch = db.batch();
  const about = { companyId, actor: { type: 'system', id: null }, facts: {} } as const;
  const record = { type: 'company', id: companyId } as const;
  const requestId = randomId('request');
  addEntry(batch, { ...about, requestId, action: 'company.key_renewed', record, result }, { db, now });
  await batch.commit();
}
