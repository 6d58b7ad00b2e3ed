import { FieldPath, type Firestore } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { requirePoint } from '../crypto/jwe.ts';
import { AppError } from '../domain/errors.ts';
import { randomId } from '../domain/ids.ts';
import { UNDECIDED_FOR } from '../domain/support.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import {
  factsOf,
  hourOf,
  type ReadRequest,
  refDoc,
  requestDoc,
  type RequestRef,
  type StoredRequest,
  toRequest,
} from './request-store.ts';

interface AskDeps {
  db: Firestore;
  now: Clock;
}

/** A member of our staff, as the desk knows who calls. */
export interface Asking {
  staffId: string;
  requestId: string;
}

export type Question = Pick<StoredRequest, 'companyId' | 'purpose' | 'ticket' | 'asked' | 'publicKey'>;

/** Puts a request before a merchant, and into the merchant's log. NOT_FOUND when there is no such company. */
export async function ask(
  question: Question,
  asking: Asking,
  deps: AskDeps,
): Promise<ReadRequest & { entry: AuditEntry }> {
  const { db, now } = deps;
  const { companyId, asked } = question;
  requirePoint(question.publicKey);
  if (!(await db.doc(paths.company(companyId)).get()).exists) throw new AppError('NOT_FOUND');
  const id = randomId('supportRequest');
  const endsAt = now() + UNDECIDED_FOR;
  const request: StoredRequest = {
    ...question,
    staffId: asking.staffId,
    state: 'asked',
    createdAt: timestamp(now),
    endsAt: new Date(endsAt).toISOString(),
    approved: null,
    endedAt: null,
  };
  const { staffId, createdAt } = request;
  const batch = db.batch();
  batch.create(requestDoc(db, companyId, id), request);
  batch.create(refDoc(db, id), {
    companyId,
    staffId,
    createdAt,
    endDue: hourOf(endsAt),
  } satisfies RequestRef);
  const entry = addEntry(
    batch,
    {
      companyId,
      actor: { type: 'staff', id: staffId },
      action: 'support.requested',
      record: { type: 'support_request', id },
      result: 'done',
      requestId: asking.requestId,
      facts: { purpose: request.purpose, ...factsOf(asked) },
    },
    deps,
  );
  await batch.commit();
  return { id, request, entry };
}

/** A request of this staff member; NOT_FOUND for any other. */
export async function readOwn(id: string, staffId: string, { db }: { db: Firestore }): Promise<ReadRequest> {
  const ref = (await refDoc(db, id).get()).data() as RequestRef | undefined;
  if (ref?.staffId !== staffId) throw new AppError('NOT_FOUND');
  return toRequest(await requestDoc(db, ref.companyId, id).get());
}

/** Up to `limit` requests of this staff member, the newest first. */
export async function listOwn(
  staffId: string,
  page: { limit: number; after: [time: string, id: string] | undefined },
  { db }: { db: Firestore },
): Promise<ReadRequest[]> {
  let query = db
    .collection(paths.supportRequestRefs)
    .where('staffId', '==', staffId)
    .orderBy('createdAt', 'desc')
    .orderBy(FieldPath.documentId(), 'desc');
  if (page.after !== undefined) query = query.startAfter(...page.after);
  const refs = await query.limit(page.limit).get();
  if (refs.empty) return [];
  const documents = await db.getAll(
    ...refs.docs.map((ref) => requestDoc(db, (ref.data() as RequestRef).companyId, ref.id)),
  );
  return documents.filter((document) => document.exists).map(toRequest);
}
