import { Timestamp } from '@google-cloud/firestore';
import { z } from 'zod';
import type { FeedPlace } from '../../catalogue/partner-catalogue.ts';
import { badFields } from '../../domain/errors.ts';

/** `{ data, next }` of a list that goes by a text, of one row more than is shown. */
export function pageByText<Row, Shown>(
  rows: Row[],
  limit: number,
  textOf: (row: Row) => string,
  show: (row: Row) => Shown,
): { data: Shown[]; next: string | null } {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  const next = rows.length > limit && last !== undefined ? encoded([textOf(last)]) : null;
  return { data: data.map(show), next };
}

/** The text that a cursor names; `BAD_REQUEST` at `after` for one that is not of such a list. */
export function textAfter(cursor: string | undefined, schema: z.ZodType<string>): string | undefined {
  return cursor === undefined ? undefined : decoded(cursor, z.tuple([schema]))[0];
}

const Time = z.string().regex(/^\d{1,11}\.\d{1,9}$/);
/** A base64url text, empty before the first; Firestore keeps `__…__` to itself. */
const DocumentId = z.string().regex(/^(?!__)[\w-]{0,1000}$/);
const Feed = z.tuple([z.string().regex(/^[\w-]{16}$/), Time.nullable(), Time, DocumentId]);

export function feedCursor({ version, began, at, id }: FeedPlace): string {
  return encoded([version, began && timeText(began), timeText(at), id]);
}

export function feedPlace(cursor: string | undefined): FeedPlace | undefined {
  if (cursor === undefined) return undefined;
  const [version, began, at, id] = decoded(cursor, Feed);
  return { version, began: began === null ? null : timeOf(began), at: timeOf(at), id };
}

function timeText({ seconds, nanoseconds }: Timestamp): string {
  return `${seconds}.${nanoseconds}`;
}

function timeOf(text: string): Timestamp {
  const [seconds, nanoseconds] = text.split('.').map(Number);
  return new Timestamp(seconds ?? 0, nanoseconds ?? 0);
}

function encoded(place: unknown[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

function decoded<T extends unknown[]>(cursor: string, schema: z.ZodType<T>): T {
  const place = schema.safeParse(parsed(cursor));
  if (place.success && encoded(place.data) === cursor) return place.data;
  throw badFields({ path: 'after', message: 'not a cursor of this list' });
}

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
