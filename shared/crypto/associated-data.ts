import { AppError } from '../domain/errors.ts';

/**
 * A label and its parts as bytes that no other label and parts give: a row of netstrings, each part between its
 * length in UTF-8 bytes and a comma (`6:shipTo,`). The label names what the bytes are for and the version of that,
 * so that no two uses of one key can meet. Throws `BAD_REQUEST` for text that is not well-formed Unicode: in UTF-8
 * two such texts can be equal.
 */
export function associatedData(label: string, parts: readonly string[]): Buffer {
  let framed = netstring(label);
  for (const part of parts) framed += netstring(part);
  return Buffer.from(framed, 'utf8');
}

function netstring(part: string): string {
  if (!part.isWellFormed()) throw new AppError('BAD_REQUEST', 'a name is not well-formed Unicode');
  return `${Buffer.byteLength(part, 'utf8')}:${part},`;
}
