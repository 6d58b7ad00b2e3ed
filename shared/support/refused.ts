import type { Firestore } from '@google-cloud/firestore';
import { NotedRefusal } from '../audit/refusals.ts';
import { AppError } from '../domain/errors.ts';
import type { Disclosing } from './disclose.ts';
import { refDoc, type RequestRef } from './request-store.ts';

/**
 * The error that goes on in the place of one that a member of staff met under a request: one for the merchant's log where
 * the merchant has not approved it, or the request is a colleague's; any other as it is.
 */
export async function notedWithMerchant(
  error: unknown,
  { supportRequestId, staffId, requestId }: Disclosing,
  { db }: { db: Firestore },
): Promise<unknown> {
  if (!(error instanceof AppError) || (error.code !== 'NOT_APPROVED' && error.code !== 'NOT_FOUND'))
    return error;
  const ref = (await refDoc(db, supportRequestId).get()).data() as RequestRef | undefined;
  // An order that there is not, under one's own request, is no attempt at anything.
  if (ref === undefined || (error.code === 'NOT_FOUND' && ref.staffId === staffId)) return error;
  const actor = { type: 'staff', id: staffId } as const;
  const refused = { companyId: ref.companyId, actor, requestId, supportRequestId };
  return new NotedRefusal(error, { ...refused, code: 'NOT_APPROVED' });
}
