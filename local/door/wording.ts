import type { IncomingHttpHeaders } from 'node:http2';

/** What the emulator says of a transaction that waited for others too long, or that is over. */
const EMULATOR = /^Transaction is invalid or (expired|closed)\.?$/;
/** What the service says, by which the official client knows that it may begin another. */
const SERVICE = 'The referenced transaction has expired or is no longer valid.';

/** Headers or trailers with Firestore's own words, where the emulator has others that a client does not understand. */
export function inTheServicesWords(fields: IncomingHttpHeaders): IncomingHttpHeaders {
  const message = fields['grpc-message'];
  return typeof message === 'string' && EMULATOR.test(message)
    ? { ...fields, 'grpc-message': SERVICE }
    : fields;
}
