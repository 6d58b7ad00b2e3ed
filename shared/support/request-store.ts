import { createHash } from 'node:crypto';
import type { DocumentReference, DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import { z } from 'zod';
import type { AuditEntry, Facts } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { associatedData } from '../crypto/associated-data.ts';
import { AppError } from '../domain/errors.ts';
import { idSchema } from '../domain/ids.ts';
import {
  MANAGE_ACTIONS,
  oneWord,
  PublicKey,
  Purpose,
  Reach,
  RECORD_KINDS,
  Ticket,
} from '../domain/support.ts';
import type { Clock } from '../domain/time.ts';

/** Who acts, and under which request. */
export type Acting = Pick<AuditEntry, 'actor' | 'requestId'>;

const Time = z.iso.datetime();

/**
 * `companies/{companyId}/supportRequests/{id}`: what was asked and what became of it, for both sides to read. It opens
 * nothing; that does the grant in the keyring.
 */
export const StoredRequest = z.object({
  companyId: idSchema('company'),
  staffId: idSchema('staff'),
  purpose: Purpose,
  ticket: Ticket,
  asked: Reach,
  publicKey: PublicKey,
  state: z.enum(['asked', 'approved', 'denied', 'revoked', 'ended']),
  createdAt: Time,
  /** When it ends by itself: undecided, then approved. */
  endsAt: Time,
  approved: z.object({ reach: Reach, by: idSchema('member'), at: Time }).nullable(),
  endedAt: Time.nullable(),
});
export type StoredRequest = z.infer<typeof StoredRequest>;

/** `supportRequests/{id}`: whose it is; `endDue` is the hour in which it ends by itself, while it has not ended. */
export interface RequestRef {
  companyId: string;
  staffId: string;
  createdAt: string;
  endDue?: string;
}

export interface ReadRequest {
  id: string;
  request: StoredRequest;
}

export function requestDoc(db: Firestore, companyId: string, id: string): DocumentReference {
  return db.doc(paths.supportRequest(companyId, id));
}

export function refDoc(db: Firestore, id: string): DocumentReference {
  return db.doc(paths.supportRequestRef(id));
}

/** NOT_FOUND when there is no such request. */
export function toRequest(snapshot: DocumentSnapshot): ReadRequest {
  if (!snapshot.exists) throw new AppError('NOT_FOUND');
  return { id: snapshot.id, request: StoredRequest.parse(snapshot.data()) };
}

/** The state by the clock: a request that ran out has ended, also before that is written down. */
export function stateOf(request: StoredRequest, now: Clock): StoredRequest['state'] {
  const open = request.state === 'asked' || request.state === 'approved';
  return open && Date.parse(request.endsAt) <= now() ? 'ended' : request.state;
}

/** `2026-11-23T16` */
export function hourOf(time: number): string {
  return new Date(time).toISOString().slice(0, 13);
}

/**
 * base64url of SHA-256 over all that a request asks. Who approves names it, so that what is approved is what was
 * shown, down to the key that it will be encrypted to.
 */
export function digestOf({ id, request }: ReadRequest): string {
  const { companyId, staffId, purpose, ticket, asked, publicKey, createdAt } = request;
  // Both were parsed, which puts their members in the order of their schema.
  const parts = [id, companyId, staffId, purpose, ticket, createdAt].concat(
    JSON.stringify(asked),
    JSON.stringify(publicKey),
  );
  return createHash('sha256')
    .update(associatedData('strongroom/support-request/v1', parts))
    .digest('base64url');
}

/** How far a request or an approval goes, as the log says it. */
export function factsOf({ minutes, records, kinds, actions }: Reach): Facts {
  const whole = { kinds: oneWord(RECORD_KINDS, kinds), actions: oneWord(MANAGE_ACTIONS, actions) };
  return { minutes, orders: records.length, ...whole };
}

/** A request as both sides see it. */
export function requestView({ id, request }: ReadRequest, now: Clock) {
  const { companyId, staffId, purpose, ticket, asked, approved, publicKey, createdAt, endsAt, endedAt } =
    request;
  return {
    id,
    companyId,
    staffId,
    purpose,
    ticket,
    asked,
    publicKey,
    digest: digestOf({ id, request }),
    state: stateOf(request, now),
    approved,
    createdAt,
    endsAt,
    endedAt,
  };
}
