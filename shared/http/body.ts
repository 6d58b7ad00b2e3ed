import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { AppError, type ErrorCode } from '../domain/errors.ts';

/** No body that we read is larger; functions-framework by itself takes 1 GB. */
export const MAX_BODY_BYTES = 1_000_000;
const JSON_BODY = { type: 'application/json', bytes: MAX_BODY_BYTES };

/** What a route reads that does not read JSON: files of a merchant that are kept and read later. */
const FILES: Readonly<Record<string, { type: string; bytes: number }>> = {
  'POST /v1/imports': { type: 'text/csv', bytes: 10_000_000 },
};

/** The media type of the body that a request may have, and its size in bytes at most. */
export function readableBody({ method, url }: IncomingMessage): { type: string; bytes: number } {
  const path = url?.split('?')[0] ?? '';
  const name = `${method ?? ''} ${path}`;
  return (Object.hasOwn(FILES, name) ? FILES[name] : undefined) ?? JSON_BODY;
}

/** Methods whose bodies mean nothing (RFC 9110, section 9.3) and are not looked at. */
export const WITHOUT_BODY = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

/** Throws unless a request has no body, or a plain one of the type and size that its route reads. */
export function requireReadableBody(incoming: IncomingMessage & { rawBody?: Buffer }): void {
  if (WITHOUT_BODY.has(incoming.method ?? '')) return;
  const why = unread.get(incoming);
  const { type: read, bytes } = readableBody(incoming);
  if (why !== undefined) throw why === 'UNSUPPORTED_MEDIA_TYPE' ? encoded() : tooLarge(bytes);
  if (!hasBody(incoming)) return;
  if (sizeOf(incoming) > bytes) throw tooLarge(bytes);
  if (incoming.headers['content-encoding'] !== undefined) {
    throw encoded();
  }
  const [type, ...parameters] = (headersOf(incoming)['content-type'] ?? '').toLowerCase().split(';');
  if (type?.trim() !== read)
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', `the content type of a body is ${read}`);
  if (parameters.some((parameter) => /^\s*charset\s*=(?!\s*"?utf-?8"?\s*$)/.test(parameter)))
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'the charset of a body is utf-8');
}

/** Why the body of a request was never read, where that is so. */
const unread = new WeakMap<IncomingMessage, ErrorCode>();

export function setUnread(incoming: IncomingMessage, why: ErrorCode): void {
  unread.set(incoming, why);
}

/** What type the body of a request says to be of, where the framework is told another one. */
const types = new WeakMap<IncomingMessage, string>();

export function setType(incoming: IncomingMessage, type: string): void {
  types.set(incoming, type);
}

/** The headers of a request as they came. */
export function headersOf(incoming: IncomingMessage): IncomingHttpHeaders {
  const type = types.get(incoming);
  return type === undefined ? incoming.headers : { ...incoming.headers, 'content-type': type };
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

function sizeOf(incoming: IncomingMessage & { rawBody?: Buffer }): number {
  return Math.max(Number(incoming.headers['content-length'] ?? 0), incoming.rawBody?.length ?? 0);
}

function tooLarge(bytes: number): AppError {
  return new AppError(
    'PAYLOAD_TOO_LARGE',
    bytes === MAX_BODY_BYTES ? undefined : `a file is of ${bytes / 1_000_000} MB at most`,
  );
}
