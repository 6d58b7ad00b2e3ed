import { status } from '@grpc/grpc-js';

/** What a handler throws to answer a gRPC status. The message is our own words: no name or value of a request. */
export class Refusal extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
  }
}

export function invalid(message: string): Refusal {
  return new Refusal(status.INVALID_ARGUMENT, message);
}

export function notFound(what: string): Refusal {
  return new Refusal(status.NOT_FOUND, `${what} not found.`);
}

export function alreadyExists(what: string): Refusal {
  return new Refusal(status.ALREADY_EXISTS, `${what} already exists.`);
}

export function wrongState(message: string): Refusal {
  return new Refusal(status.FAILED_PRECONDITION, message);
}

/** What Cloud KMS can do and the stand-in does not: said aloud, so that nothing is silently different. */
export function notOffered(what: string): Refusal {
  return new Refusal(status.UNIMPLEMENTED, `The local KMS does not offer ${what}.`);
}
