import type { IncomingMessage } from 'node:http';
import { AppError, type ErrorCode } from '../domain/errors.ts';

/** No body that we read is larger; functions-framework by itself takes 1 GB. */
export const MAX_BODY_BYTES = 1_000_000;

/** Methods whose bodies mean nothing (RFC 9110, section 9.3) and are not looked at. */
export const WITHOUT_BODY = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

/** Throws unless a request has no body, or one of JSON, plain, and of 1 MB at most. */
export function requireReadableBody(incoming: IncomingMessage & { rawBody?: Buffer }): void {
  if (WITHOUT_BODY.has(incoming.method ?? '')) return;
  const why = unread.get(incoming);
  if (why !== undefined) throw why === 'UNSUPPORTED_MEDIA_TYPE' ? encoded() : new AppError(why);
  if (!hasBody(incoming)) return;
  if (isTooLarge(incoming)) throw new AppError('PAYLOAD_TOO_LARGE');
  if (incoming.headers['content-encoding'] !== undefined) {
    throw encoded();
  }
  const type = (incoming.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'the content type of a body is application/json');
  }
}

/** Why the body of a request was never read, where that is so. */
const unread = new WeakMap<IncomingMessage, ErrorCode>();

export function setUnread(incoming: IncomingMessage, why: ErrorCode): void {
  unread.set(incoming, why);
}

function encoded(): AppError {
  return new AppError('UNSUPPORTED_MEDIA_TYPE', 'a body with a content encoding is not read');
}

/** RFC 9112, section 6: a request has a body when it names a length or a transfer coding. */
function hasBody(incoming: IncomingMessage & { rawBody?: Buffer }): boolean {
  const { headers, rawBody } = incoming;
  if (rawBody !== undefined) return rawBody.length > 0;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function isTooLarge(incoming: IncomingMessage & { rawBody?: Buffer }): boolean {
  const declared = Number(incoming.headers['content-length'] ?? 0);
  return Math.max(declared, incoming.rawBody?.length ?? 0) > MAX_BODY_BYTES;
}
