import { invalid } from './refusal.ts';
import type { Upload } from './stored-object.ts';

const HEADERS_END = '\r\n\r\n';

/** Reads the body of `objects.insert`, as `uploadType=media` or `multipart` says. */
export function readUpload(query: URLSearchParams, contentType: string | undefined, body: Buffer): Upload {
  const name = query.get('name');
  const named = name === null ? {} : { name };
  switch (query.get('uploadType')) {
    case 'media':
      return { metadata: { ...(contentType && { contentType }), ...named }, content: body };
    case 'multipart':
      return readMultipart(contentType ?? '', body, named);
    default:
      throw invalid('This stand-in takes uploadType=media and uploadType=multipart.');
  }
}

/** `multipart/related` of exactly two parts: metadata as JSON, then the content (RFC 2387). */
function readMultipart(contentType: string, body: Buffer, named: { name?: string }): Upload {
  const boundary = /^multipart\/related\s*;.*\bboundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const token = boundary?.[1] ?? boundary?.[2];
  if (token === undefined) throw invalid('A multipart upload needs a boundary.');
  const [described, media, ...others] = splitParts(body, token);
  if (described === undefined || media === undefined || others.length > 0) {
    throw invalid('A multipart upload has two parts.');
  }
  const metadata = readJson(described.content);
  const mediaType = /^content-type:\s*(.+?)\s*$/im.exec(media.headers)?.[1];
  return {
    metadata: { ...(mediaType && { contentType: mediaType }), ...metadata, ...named },
    content: media.content,
  };
}

function splitParts(body: Buffer, boundary: string): { headers: string; content: Buffer }[] {
  const parts: { headers: string; content: Buffer }[] = [];
  const delimiter = `\r\n--${boundary}`;
  // The first boundary may stand at the very start, without the line break that the others belong to.
  const bytes = Buffer.concat([Buffer.from('\r\n'), body]);
  let start = bytes.indexOf(delimiter);
  while (start >= 0) {
    const end = bytes.indexOf(delimiter, start + delimiter.length);
    if (end < 0) break;
    const part = bytes.subarray(start + delimiter.length, end);
    const split = part.indexOf(HEADERS_END);
    if (split < 0) throw invalid('A part of the upload has no end of headers.');
    parts.push({
      headers: part.subarray(0, split).toString('latin1'),
      content: part.subarray(split + HEADERS_END.length),
    });
    start = end;
  }
  return parts;
}

/** A JSON object from outside. */
export function readJson(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Told below, with every other body that is no object.
  }
  throw invalid('The body is not a JSON object.');
}
