import type { Firestore } from '@google-cloud/firestore';
import { StoredCompany } from '../accounts/documents.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';

/** `COMPANY_CLOSING` once the company has asked for its deletion. */
export async function requireTaking(companyId: string, { db }: { db: Firestore }): Promise<void> {
  const company = await db.doc(paths.company(companyId)).get();
  if (company.exists && StoredCompany.parse(company.data()).closing !== null) {
    throw new AppError('COMPANY_CLOSING');
  }
}
