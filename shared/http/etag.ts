import { AppError } from '../domain/errors.ts';

/** When Firestore last wrote a document: seconds and nanoseconds. */
interface WriteTime {
  seconds: number;
  nanoseconds: number;
}

/** A strong entity tag (RFC 9110, section 8.8.3): no two writes of one document share a time. */
export function etagOf(updateTime: WriteTime): string {
  return `"${updateTime.seconds.toString(36)}-${updateTime.nanoseconds.toString(36)}"`;
}

/** `PRECONDITION_FAILED` unless `If-Match` is absent, `*`, or names this version (RFC 9110, section 13.1.1). */
export function checkIfMatch(ifMatch: string | undefined, updateTime: WriteTime): void {
  if (ifMatch === undefined) return;
  const named = ifMatch.split(',').map((tag) => tag.trim());
  if (!named.includes('*') && !named.includes(etagOf(updateTime))) throw new AppError('PRECONDITION_FAILED');
}
