import { createHash } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { LRUCache } from 'lru-cache';
import { paths } from '../cloud/firestore.ts';
import { hasStatus } from '../cloud/grpc-error.ts';
import type { Scope } from '../domain/api-key.ts';
import { AppError } from '../domain/errors.ts';
import { keyedId } from '../domain/ids.ts';
import type { Clock } from '../domain/time.ts';
import { addEntry } from './append.ts';
import type { AuditEntry } from './entry.ts';

/** Somebody whose credential is known, and was not enough. */
export interface Refused extends Pick<AuditEntry, 'companyId' | 'actor' | 'requestId'> {
  code: 'FORBIDDEN' | 'UNAUTHENTICATED' | 'NOT_APPROVED';
  /** The scope that was needed, where that was all. */
  scope?: Scope | undefined;
  /** Under which request a member of staff wanted more than was approved. */
  supportRequestId?: string | undefined;
}

/** Goes on in the place of an error that is to be in a company's log, with who was refused what. */
export class NotedRefusal extends AppError {
  readonly refused: Refused;

  constructor({ code, message }: AppError, refused: Refused) {
    super(code, message);
    this.refused = refused;
  }
}

export type NoteRefusal = (refused: Refused) => Promise<void>;

/** Milliseconds in which the same refusal is one entry, however often and on however many instances it happens. */
const WINDOW_MS = 10 * 60_000;

/** Passes on what this instance has not passed on in the same window, with the name that it has in all of them. */
export function onceAWindow(
  note: (refused: Refused, name: string) => Promise<void>,
  { now }: { now: Clock },
): NoteRefusal {
  const noted = new LRUCache<string, true>({ max: 10_000 });
  return async (refused) => {
    const { companyId, actor, code, scope, supportRequestId } = refused;
    const window = Math.floor(now() / WINDOW_MS);
    const who = [companyId, actor.type, actor.id];
    const name = JSON.stringify([
      'access.refused',
      ...who,
      code,
      scope ?? null,
      supportRequestId ?? null,
      window,
    ]);
    if (noted.has(name)) return;
    noted.set(name, true);
    try {
      await note(refused, name);
    } catch (error) {
      noted.delete(name);
      throw error;
    }
  };
}

/**
 * Writes refused attempts into the log of the company whose credential it was. The entry's id is made of who, what and
 * the window, so that only the first of them is created: nobody can fill a log by knocking.
 */
export function createRefusals({ db, now }: { db: Firestore; now: Clock }): NoteRefusal {
  return onceAWindow(
    async ({ companyId, actor, requestId, code, scope, supportRequestId }, name) => {
      const id = keyedId('audit', createHash('sha256').update(name).digest());
      // A company that is gone has no log to write to.
      if (!(await db.doc(paths.company(companyId)).get()).exists) return;
      const batch = db.batch();
      const record = { type: 'company', id: companyId } as const;
      const what = { action: 'access.refused', record, result: 'refused' } as const;
      const facts = { code, scope, supportRequestId };
      addEntry(batch, { companyId, actor, requestId, ...what, facts }, { db, now }, id);
      try {
        await batch.commit();
      } catch (error) {
        if (!hasStatus(error, status.ALREADY_EXISTS)) throw error;
      }
    },
    { now },
  );
}
