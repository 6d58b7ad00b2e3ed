import type { DocumentData, DocumentReference, Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { dueSlot } from '../domain/due.ts';
import { randomId } from '../domain/ids.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { AuditEntry } from './entry.ts';

/** Makes an entry with the time and a random id, unless one is given; throws on anything that the schema does not name. */
export function newEntry(
  input: Omit<AuditEntry, 'id' | 'at'>,
  deps: { now: Clock },
  id = randomId('audit'),
): AuditEntry {
  // A fact that is not known is absent, from the document and from the leaf.
  const facts = Object.fromEntries(Object.entries(input.facts).filter(([, value]) => value !== undefined));
  return AuditEntry.parse({ ...input, facts, id, at: timestamp(deps.now) });
}

/** A batch or a transaction: whichever the action itself is written in. */
export interface Writer {
  create(ref: DocumentReference, data: DocumentData): unknown;
}

/** Further documents that come into being together with what an action makes, or not at all. */
export type Beside = (writer: Writer, madeId: string) => void;

/**
 * Adds an entry to what the caller is about to commit, so that there is no action without its entry and no entry
 * without its action. `due` is where the checkpoint finds what it has not sealed yet. What may be told once only is
 * given an id: a second entry of that id fails with ALREADY_EXISTS.
 */
export function addEntry(
  writer: Writer,
  input: Omit<AuditEntry, 'id' | 'at'>,
  { db, now }: { db: Firestore; now: Clock },
  id?: string,
): AuditEntry {
  const entry = newEntry(input, { now }, id);
  const ref = db.doc(`${paths.audit(entry.companyId)}/${entry.id}`);
  writer.create(ref, { ...entry, due: dueSlot() });
  return entry;
}
