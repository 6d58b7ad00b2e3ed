import { badParam } from './refusal.ts';
import type { Kept } from './store.ts';

/** `created[gte]`, `[gt]`, `[lte]`, `[lt]`, in seconds. */
export function createdSince(range: Record<string, unknown>): (created: number) => boolean {
  const bound = (name: string, otherwise: number): number =>
    range[name] === undefined ? otherwise : Number(range[name]);
  const from = Math.max(bound('gte', 0), bound('gt', -1) + 1);
  const to = Math.min(bound('lte', Infinity), bound('lt', Infinity) - 1);
  return (created) => created >= from && created <= to;
}

/** One page of resources that come newest first, by `limit`, `starting_after` and `ending_before`. */
export function pageOf(
  all: Kept[],
  url: string,
  query: { limit: number | undefined; after: string | undefined; before: string | undefined },
): { page: Kept[]; list: (data: object[]) => object } {
  const limit = query.limit ?? 10;
  if (limit < 1 || limit > 100)
    throw badParam('limit', 'Limit must be from 1 to 100', 'parameter_invalid_integer');
  const place = (id: string, param: string): number => {
    const found = all.findIndex((each) => each.id === id);
    if (found < 0) throw badParam(param, `No such object: '${id}'`, 'resource_missing');
    return found;
  };
  const backwards = query.before !== undefined;
  const end = query.before === undefined ? all.length : place(query.before, 'ending_before');
  const from = query.after === undefined ? 0 : place(query.after, 'starting_after') + 1;
  const page = backwards ? all.slice(Math.max(from, end - limit), end) : all.slice(from, from + limit);
  const has_more = backwards ? end - page.length > from : from + page.length < end;
  return { page, list: (data) => ({ object: 'list', data, has_more, url }) };
}
