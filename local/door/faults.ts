import type { DocumentWrite } from './writes.ts';

/** What a fault can choose by. */
export interface CallSeen {
  service: 'firestore' | 'firestoreAdmin' | 'pubsub' | 'kms' | 'storage';
  /** Such as `Commit`, `Publish`, `Decrypt`; for storage `objects.insert`, `objects.get`, … */
  method: string;
  /** Firestore only: `(default)` or `keyring`. */
  database?: string;
  /** Firestore only: what a commit writes. */
  writes?: DocumentWrite[];
  /** Pub/Sub only: the topic's short name. */
  topic?: string;
}

/**
 * Something that goes wrong at exactly one call. `before`: the call is not passed on. `after`: it is, and is done at
 * the backend, but its answer is not delivered. `hang`: the caller hears nothing; `cut`: it loses its connection;
 * `status`: it is answered with this gRPC code (for storage: this HTTP status).
 */
export interface Fault {
  match: (call: CallSeen) => boolean;
  /** 1: the first call that matches. */
  nth: number;
  when: 'before' | 'after';
  then: 'hang' | 'cut' | { status: number };
  /** Called before the caller can notice anything, so that a test can kill its process here. */
  onHit?: () => void;
}

/** Holds at most one fault, and counts the calls that match it. */
export class FaultTrap {
  #fault: Fault | null = null;
  #matched = 0;

  set(fault: Fault | null): void {
    this.#fault = fault;
    this.#matched = 0;
  }

  /** The fault that this very call meets. */
  meets(call: CallSeen): Fault | undefined {
    if (!this.#fault?.match(call)) return undefined;
    this.#matched += 1;
    return this.#matched === this.#fault.nth ? this.#fault : undefined;
  }
}
