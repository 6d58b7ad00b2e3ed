import type { WireRequest } from './asks.ts';
import { entriesIn, makesEntry } from './log-entries.ts';
import { fieldsAsked, type SeenQuery, seenQuery } from './queries.ts';
import { type DocumentRead, transactionName } from './reads.ts';
import { type Commit, type DocumentWrite, documentWrite, parseName, type WireWrite } from './writes.ts';

/** Listeners of one kind of event. `add` answers how to stop. */
class Listeners<T extends unknown[]> {
  readonly #all = new Set<(...event: T) => void>();

  add(listener: (...event: T) => void): () => void {
    this.#all.add(listener);
    return () => {
      this.#all.delete(listener);
    };
  }

  tell(...event: T): void {
    for (const listener of this.#all) listener(...event);
  }
}

/** A call of Firestore's that ended well. */
interface Answered {
  method: string;
  request: WireRequest;
  /** Its one message, as it came. */
  message: Buffer;
  written: readonly WireWrite[];
  /** The full names of the documents that the caller has got. */
  read: readonly string[];
  /** The transaction that the call began. */
  begun: Uint8Array | undefined;
}

/** Whoever observes one door. */
export class Watchers {
  /** The writes of each commit that took effect; none of a transaction that only read. */
  readonly commits = new Listeners<[writes: readonly DocumentWrite[], commit: Commit]>();
  /** The documents that each read delivered. */
  readonly reads = new Listeners<[reads: readonly DocumentRead[]]>();
  /** Each query that was answered. */
  readonly queries = new Listeners<[query: SeenQuery]>();

  tell({ method, request, message, written, read, begun }: Answered): void {
    const place = databaseOf(request);
    const { database } = parseName(place);
    const transaction = transactionName(database, request.transaction ?? begun);
    const within = transaction !== undefined && { transaction };
    if (method === 'Commit' || written.length > 0) {
      const entries = written.some(makesEntry) ? entriesIn(message) : [];
      this.commits.tell(written.map(documentWrite), { ...within, entries });
    }
    const fields = request.structuredQuery && fieldsAsked(request.structuredQuery);
    const about = { ...within, ...(fields !== undefined && { fields }) };
    if (read.length > 0) this.reads.tell(read.map((name) => ({ ...parseName(name), ...about })));
    const query = request.structuredQuery ?? request.structuredAggregationQuery?.structuredQuery;
    if (query) this.queries.tell(seenQuery(place, query));
  }
}

/** The name of the database, or one below it. */
export function databaseOf(request: WireRequest): string {
  return request.database ?? request.parent ?? '';
}
