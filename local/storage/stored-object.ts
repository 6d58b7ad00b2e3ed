import { Crc32c } from '@aws-crypto/crc32c';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { invalid } from './refusal.ts';

const Name = z
  .string()
  .refine((name) => name !== '.' && name !== '..' && !/[\r\n]/.test(name))
  .refine((name) => name !== '' && Buffer.byteLength(name) <= 1024);

/** What an upload may say of its object; anything else in the metadata is dropped. */
const Described = z.object({
  name: Name,
  contentType: z.string().default('application/octet-stream'),
  contentEncoding: z.string().optional(),
  contentDisposition: z.string().optional(),
  contentLanguage: z.string().optional(),
  cacheControl: z.string().optional(),
  customTime: z.iso.datetime({ offset: true }).optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  md5Hash: z.string().optional(),
  crc32c: z.string().optional(),
});

/** An object's metadata as it is kept and shown (JSON API, "Objects"). */
export const StoredObject = Described.extend({
  bucket: z.string(),
  generation: z.string(),
  metageneration: z.string(),
  size: z.string(),
  md5Hash: z.string(),
  crc32c: z.string(),
  timeCreated: z.string(),
});
export type StoredObject = z.infer<typeof StoredObject>;

/** One upload: what the caller says of the object, and its bytes. */
export interface Upload {
  metadata: Record<string, unknown>;
  content: Buffer;
}

/** The object that an upload makes. A checksum that came along must be the content's own. */
export function describeObject(
  { metadata, content }: Upload,
  place: { bucket: string; generation: string; timeCreated: string },
): StoredObject {
  const parsed = Described.safeParse(metadata);
  if (!parsed.success) {
    throw invalid(
      `Invalid value for: ${parsed.error.issues.map((issue) => issue.path.join('.')).join(', ')}`,
    );
  }
  const md5Hash = createHash('md5').update(content).digest('base64');
  const crc32c = crc32cOf(content);
  const { md5Hash: expectedMd5 = md5Hash, crc32c: expectedCrc = crc32c } = parsed.data;
  if (expectedMd5 !== md5Hash) throw invalid(`Provided MD5 hash doesn't match calculated MD5 hash.`);
  if (expectedCrc !== crc32c) throw invalid(`Provided CRC32C doesn't match calculated CRC32C.`);
  return { ...parsed.data, ...place, metageneration: '1', size: String(content.length), md5Hash, crc32c };
}

/** The object as answers show it. */
export function showObject(object: StoredObject, retainedUntil: string | undefined): object {
  return {
    kind: 'storage#object',
    id: `${object.bucket}/${object.name}/${object.generation}`,
    storageClass: 'STANDARD',
    ...object,
    etag: etagOf(object),
    updated: object.timeCreated,
    timeStorageClassUpdated: object.timeCreated,
    ...(retainedUntil && { retentionExpirationTime: retainedUntil }),
  };
}

/** The headers that come with an object's content; the official client checks the content against `x-goog-hash`. */
export function contentHeaders(object: StoredObject): Record<string, string> {
  return {
    'content-type': object.contentType,
    ...(object.contentEncoding && { 'content-encoding': object.contentEncoding }),
    ...(object.contentDisposition && { 'content-disposition': object.contentDisposition }),
    etag: etagOf(object),
    'x-goog-generation': object.generation,
    'x-goog-metageneration': object.metageneration,
    'x-goog-hash': `crc32c=${object.crc32c},md5=${object.md5Hash}`,
    'x-goog-stored-content-encoding': object.contentEncoding ?? 'identity',
    'x-goog-stored-content-length': object.size,
  };
}

function etagOf(object: StoredObject): string {
  return Buffer.from(`${object.generation}/${object.metageneration}`).toString('base64');
}

/** CRC32C as the service writes it: base64 of four bytes, the most significant first. */
function crc32cOf(content: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(new Crc32c().update(content).digest());
  return bytes.toString('base64');
}
