import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server } from 'node:http';
import type { ErrorCode } from '../domain/errors.ts';
import { readableBody, setUnread, WITHOUT_BODY } from './body.ts';

let guarding = false;

/**
 * Keeps from functions-framework what it must not read. Before any function sees a request it reads bodies of up to
 * 1 GB, and inflates them: less than a megabyte of gzip, from anyone, takes gigabytes of memory and seconds of time.
 * Node tells of a request on this channel before its server hands it on; a body that is hidden then is never read.
 */
export function guardBodies(): void {
  if (guarding) return;
  guarding = true;
  subscribe('http.server.request.start', (message) => {
    const { request, server } = message as { request: IncomingMessage; server: Server };
    if (!isFramework(server)) return;
    const unread = unreadable(request);
    if (unread !== undefined) hide(request, unread);
    else if (request.headers['transfer-encoding'] !== undefined) boundChunks(request);
  });
}

/** functions-framework's server is an Express application; others in this process are none of its business. */
function isFramework(server: Server): boolean {
  return server.listeners('request').some((listener) => 'mountpath' in listener);
}

function unreadable(request: IncomingMessage): ErrorCode | 'WITHOUT_MEANING' | undefined {
  const { method, headers } = request;
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return undefined;
  if (WITHOUT_BODY.has(method ?? '')) return 'WITHOUT_MEANING';
  if (Number(headers['content-length'] ?? 0) > readableBody(request).bytes) return 'PAYLOAD_TOO_LARGE';
  return headers['content-encoding'] === undefined ? undefined : 'UNSUPPORTED_MEDIA_TYPE';
}

/** Without its framing a request counts as one without a body (RFC 9112, section 6); Node discards what comes. */
function hide(request: IncomingMessage, why: ErrorCode | 'WITHOUT_MEANING'): void {
  delete request.headers['content-length'];
  delete request.headers['transfer-encoding'];
  if (why !== 'WITHOUT_MEANING') setUnread(request, why);
}

/** A body of chunks names no length. At an error the framework's reader lets go of what it has, and answers 413. */
function boundChunks(request: IncomingMessage): void {
  const most = readableBody(request).bytes;
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes <= most) return;
    request.off('data', count);
    const tooLarge = Object.assign(new Error('the body is too large'), { status: 413 });
    if (request.listenerCount('error') > 0) request.emit('error', tooLarge);
  };
  request.on('data', count);
}
