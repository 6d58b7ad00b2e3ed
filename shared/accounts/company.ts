import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import type { AccountsDeps } from './deps.ts';
import { StoredCompany } from './documents.ts';
import type { ActingMember } from './members.ts';

export async function readCompany(
  companyId: string,
  { db }: Pick<AccountsDeps, 'db'>,
): Promise<StoredCompany> {
  const found = await db.doc(paths.company(companyId)).get();
  if (!found.exists) throw new AppError('NOT_FOUND');
  return StoredCompany.parse(found.data());
}

/** Gives the company another name. Its mode never changes: live and test data do not meet. */
export async function renameCompany(
  { companyId, memberId, requestId }: ActingMember,
  name: string,
  deps: AccountsDeps,
): Promise<{ company: StoredCompany; entry: AuditEntry | undefined }> {
  const { db } = deps;
  const ref = db.doc(paths.company(companyId));
  return db.runTransaction(async (tx) => {
    const found = await tx.get(ref);
    if (!found.exists) throw new AppError('NOT_FOUND');
    const company = StoredCompany.parse(found.data());
    if (company.name === name) return { company, entry: undefined };
    tx.update(ref, { name });
    const entry = addEntry(
      tx,
      {
        companyId,
        actor: { type: 'member', id: memberId },
        action: 'company.changed',
        record: { type: 'company', id: companyId },
        result: 'done',
        requestId,
        facts: {},
      },
      deps,
    );
    return { company: { ...company, name }, entry };
  });
}
