import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server } from 'node:http';
import type { ErrorCode } from '../domain/errors.ts';
import { readableBody, setType, setUnread, WITHOUT_BODY } from './body.ts';

let guarding = false;

/** A path at which nothing is. */
const NOWHERE = '/-';
const BYTES = 'application/octet-stream';

/**
 * Keeps from functions-framework what it must not read. Before any function sees a request it reads bodies of up to
 * 1 GB, and inflates them: less than a megabyte of gzip, from anyone, takes gigabytes of memory and seconds of time.
 * It also parses them, twice as we do, and answers by itself, in HTML, what it can not parse or decode. Node tells of a
 * request on this channel before its server hands it on: a body that is hidden then is never read, one that says to be
 * bytes is collected and nothing else, and a path that is not UTF-8 (RFC 3986, section 2.5) leads nowhere.
 */
export function guardBodies(): void {
  if (guarding) return;
  guarding = true;
  subscribe('http.server.request.start', (message) => {
    const { request, server } = message as { request: IncomingMessage; server: Server };
    if (!isFramework(server)) return;
    const unread = unreadable(request);
    if (!isDecodable(request.url)) request.url = NOWHERE;
    if (unread !== undefined) {
      hide(request, unread);
      return;
    }
    const type = request.headers['content-type'];
    if (type !== undefined) {
      setType(request, type);
      request.headers['content-type'] = BYTES;
    }
    if (request.headers['transfer-encoding'] !== undefined) boundChunks(request);
  });
}

/** functions-framework's server is an Express application; others in this process are none of its business. */
function isFramework(server: Server): boolean {
  return server.listeners('request').some((listener) => 'mountpath' in listener);
}

function isDecodable(url = ''): boolean {
  try {
    decodeURIComponent(url.split('?')[0] ?? '');
    return true;
  } catch {
    return false;
  }
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

/** A body of chunks names no length. To the framework's reader it ends where it grows too large, and counts as unread. */
function boundChunks(request: IncomingMessage): void {
  const most = readableBody(request).bytes;
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes <= most) return;
    request.off('data', count);
    setUnread(request, 'PAYLOAD_TOO_LARGE');
    request.emit('end');
  };
  request.on('data', count);
}
