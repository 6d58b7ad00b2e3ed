import type { WireRequest } from './asks.ts';
import type { Method } from './descriptors.ts';
import { namesIn, type WireDocuments } from './reads.ts';
import type { WireWrite } from './writes.ts';

/** What a bill would list, and the bytes of messages and bodies in both directions. */
export interface Totals {
  /** Firestore documents read: missing ones count too, and a query that finds nothing counts one. */
  reads: number;
  writes: number;
  deletes: number;
  /** Messages published. */
  messages: number;
  kmsCalls: number;
  storageCalls: number;
  bytes: number;
}

const NOTHING: Totals = {
  reads: 0,
  writes: 0,
  deletes: 0,
  messages: 0,
  kmsCalls: 0,
  storageCalls: 0,
  bytes: 0,
};

/** Counts billed operations at the wire. Only what the service answered with success counts. */
export class Counts {
  #totals: Totals = { ...NOTHING };

  snapshot(): Totals {
    return { ...this.#totals };
  }

  reset(): void {
    this.#totals = { ...NOTHING };
  }

  add(kind: keyof Totals, count: number): void {
    this.#totals[kind] += count;
  }
}

/** The parts of answers that are billed, as the official descriptors decode them. */
interface WireAnswer extends WireDocuments {
  missing?: string;
  skippedResults?: number;
  /** Of a query: this was its last message. Clients take it for the end, and do not wait for the status. */
  done?: boolean;
  /** Of the transaction that the request began. */
  transaction?: Uint8Array;
  status?: { code?: number }[];
}

/** Documents that one message of an answer delivers. */
const READS: Record<string, (answer: WireAnswer) => number> = {
  BatchGetDocuments: (answer) => (answer.found === undefined && answer.missing === undefined ? 0 : 1),
  RunQuery: (answer) => (answer.document === undefined ? 0 : 1) + (answer.skippedResults ?? 0),
  ListDocuments: (answer) => answer.documents?.length ?? 0,
  Listen: (answer) => (answer.documentChange === undefined ? 0 : 1),
};

/** An aggregation reads one per 1000 index entries, which the wire does not show: it counts as the one at least. */
const ONE_AT_LEAST = new Set(['RunQuery', 'RunAggregationQuery', 'ListDocuments']);

/** One call as it is billed: told each message of its answer and then how it ended. */
export class Bill {
  readonly #method: Method;
  readonly #counts: Counts;
  /** The full names of the documents that were delivered. */
  readonly names: string[] = [];
  /** The transaction that the call began. */
  transaction: Uint8Array | undefined;
  /** The answer said of itself that it is complete. */
  done = false;
  #found = 0;
  #charged = 0;
  /** `BatchWrite` succeeds as a whole even where single writes fail. */
  #accepted: boolean[] | undefined;

  constructor(method: Method, counts: Counts) {
    this.#method = method;
    this.#counts = counts;
  }

  /** Whether answers of this method need to be read at all; most go through unread. */
  get readsAnswers(): boolean {
    const { name } = this.#method;
    return name in READS || ONE_AT_LEAST.has(name) || name === 'BatchWrite';
  }

  /** Reads are charged as they are delivered: a client may leave a stream once it has what it wants. */
  answer(message: Buffer): void {
    const { name, definition } = this.#method;
    const answer = definition.responseDeserialize(message) as WireAnswer;
    if (name === 'BatchWrite') this.#accepted = answer.status?.map((status) => !status.code);
    if (answer.transaction?.length) this.transaction = answer.transaction;
    if (answer.done) this.done = true;
    this.names.push(...namesIn(answer));
    this.#found += READS[name]?.(answer) ?? 0;
    const due = ONE_AT_LEAST.has(name) ? Math.max(1, this.#found) : this.#found;
    this.#counts.add('reads', due - this.#charged);
    this.#charged = due;
  }

  /** Adds up the rest of a call that ended well. Answers the writes that took effect. */
  succeeded(request: WireRequest): WireWrite[] {
    const written = (request.writes ?? []).filter((_write, index) => this.#accepted?.[index] ?? true);
    const deletes = written.filter((write) => write.delete !== undefined).length;
    this.#counts.add('deletes', deletes);
    this.#counts.add('writes', written.length - deletes);
    if (this.#method.name === 'Publish') this.#counts.add('messages', request.messages?.length ?? 0);
    if (this.#method.service === 'kms') this.#counts.add('kmsCalls', 1);
    return written;
  }
}
