import { z } from '@hono/zod-openapi';
import { badFields } from '../domain/errors.ts';
import { type IdKind, idSchema } from '../domain/ids.ts';

/** Members of the query of every list. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^(?:[1-9][0-9]?|100)$/, 'not a number from 1 to 100')
    .transform(Number)
    .default(50)
    .openapi({
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 50,
      description: 'How many at most.',
    }),
  after: z.string().max(300).optional().openapi({
    description: 'The `next` of the page before; it says nothing and is not to be made by hand.',
  }),
};

/** A place in a list that is sorted by a time and then by id. */
export type Place = [time: string, id: string];

/** One page: ask the store for `limit + 1` rows, so that the last page is known as such. */
export function pageOf<Row, Shown>(
  rows: Row[],
  limit: number,
  placeOf: (row: Row) => Place,
  show: (row: Row) => Shown,
): { data: Shown[]; next: string | null } {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  const next = rows.length > limit && last !== undefined ? cursorOf(placeOf(last)) : null;
  return { data: data.map(show), next };
}

export function cursorOf(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** The place that a cursor names; `BAD_REQUEST` at `after` for one that is not of this kind of list. */
export function placeOf(kind: IdKind, cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined;
  const place = z.tuple([z.iso.datetime({ precision: 3 }), idSchema(kind)]).safeParse(decoded(cursor));
  if (!place.success || cursorOf(place.data) !== cursor) {
    throw badFields({ path: 'after', message: 'not a cursor of this list' });
  }
  return place.data;
}

function decoded(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
