import { randomBytes } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { notFound, Refusal } from '../kms/refusal.ts';

const TYPES = 'type.googleapis.com/google.firestore.admin.v1';

/** A time as protobuf has it. */
export interface WireTime {
  seconds: number | string;
  nanos: number;
}

/** What `ExportDocumentsMetadata` and `ImportDocumentsMetadata` have in common. */
interface Metadata {
  '@type': string;
  startTime: WireTime;
  endTime?: WireTime;
  operationState: 'PROCESSING' | 'SUCCESSFUL' | 'FAILED' | 'CANCELLED';
  progressDocuments?: { estimatedWork: number; completedWork: number };
  progressBytes?: { estimatedWork: number; completedWork: number };
}

/** `google.longrunning.Operation` as the server writes it. */
export interface Operation {
  name: string;
  metadata: Metadata;
  done: boolean;
  response?: object;
  error?: { code: status; message: string };
}

/** What an operation has done when it ends well. */
export interface Done {
  documents: number;
  bytes: number;
  response: { '@type': string };
}

/** The long-running operations, in memory: they are asked for until they are done. */
export class Operations {
  readonly #all = new Map<string, Operation>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Begins `work` and answers the operation at once. */
  start(database: string, type: string, facts: object, work: () => Promise<Done>): Operation {
    const operation: Operation = {
      name: `${database}/operations/${randomBytes(12).toString('base64url')}`,
      metadata: {
        '@type': `${TYPES}.${type}`,
        ...facts,
        startTime: wireTime(this.#now()),
        operationState: 'PROCESSING',
      },
      done: false,
    };
    this.#all.set(operation.name, operation);
    void work().then(
      ({ documents, bytes, response }) => {
        if (operation.done) return;
        operation.metadata.progressDocuments = { estimatedWork: documents, completedWork: documents };
        operation.metadata.progressBytes = { estimatedWork: bytes, completedWork: bytes };
        this.#end(operation, 'SUCCESSFUL');
        operation.response = response;
      },
      (error: unknown) => {
        if (operation.done) return;
        if (!(error instanceof Refusal)) console.error('The local FirestoreAdmin failed:', error);
        this.#end(operation, 'FAILED');
        operation.error =
          error instanceof Refusal
            ? { code: error.code, message: error.message }
            : { code: status.INTERNAL, message: 'Internal error.' };
      },
    );
    return operation;
  }

  get(name: string): Operation {
    const found = this.#all.get(name);
    if (found === undefined) throw notFound('The operation');
    return found;
  }

  cancel(name: string): void {
    const operation = this.get(name);
    if (operation.done) return;
    this.#end(operation, 'CANCELLED');
    operation.error = { code: status.CANCELLED, message: 'The operation was cancelled.' };
  }

  #end(operation: Operation, state: Metadata['operationState']): void {
    operation.done = true;
    operation.metadata.operationState = state;
    operation.metadata.endTime = wireTime(this.#now());
  }
}

/** An answer without fields of its own is `Empty`; an export's says where it lies. */
export function exported(outputUriPrefix: string): Done['response'] & { outputUriPrefix: string } {
  return { '@type': `${TYPES}.ExportDocumentsResponse`, outputUriPrefix };
}

export const IMPORTED: Done['response'] = { '@type': 'type.googleapis.com/google.protobuf.Empty' };

export function wireTime(ms: number): WireTime {
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 };
}
