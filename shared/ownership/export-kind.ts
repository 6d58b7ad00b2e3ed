import type { Firestore, Query, QueryDocumentSnapshot } from '@google-cloud/firestore';
import type { Archive } from '../audit/archive.ts';
import type { Keyring } from '../cloud/keyring.ts';
import { type IdKind, isId } from '../domain/ids.ts';
import type { Clock } from '../domain/time.ts';

export interface ExportDeps {
  db: Firestore;
  keyring: Pick<Keyring, 'recordKey' | 'openContact' | 'openSecret'>;
  /** The bucket of moved logs. */
  logs: Archive['objects'];
  now: Clock;
}

/** One kind of record in an export. */
export interface Kind {
  /** The documents of a company, in no order yet; a part goes through them by id. */
  documents: (db: Firestore, companyId: string) => Query;
  /** Whether a text can be an id of them: a cursor is one. */
  isId: (text: string) => boolean;
  /** One record a document, in their order. */
  render: (
    companyId: string,
    documents: QueryDocumentSnapshot[],
    deps: ExportDeps,
  ) => object[] | Promise<object[]>;
  /** Whether rendering opens what is sealed. */
  opens?: true;
  /** How many records there are, where a document is not one, and how many documents are read at once then. */
  records?: (db: Firestore, companyId: string) => Promise<number>;
  chunk?: number;
}

export const anId = (kind: IdKind) => (text: string) => isId(kind, text);
