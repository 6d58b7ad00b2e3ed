import { parseName } from './writes.ts';

/** A query as the official descriptor decodes it, as far as it decides which index serves it. */
export interface WireQuery {
  select?: { fields?: WireField[] } | null;
  from?: { collectionId?: string; allDescendants?: boolean }[];
  where?: WireFilter;
  orderBy?: { field?: WireField; direction?: 'ASCENDING' | 'DESCENDING' }[];
}

interface WireField {
  fieldPath?: string;
}

interface WireFilter {
  compositeFilter?: { op?: string; filters?: WireFilter[] };
  fieldFilter?: { field?: WireField; op?: string };
  unaryFilter?: { field?: WireField; op?: string };
}

/** One query that a function asked, as the wire showed it: what it filters and sorts by, never for what. */
export interface SeenQuery {
  /** `(default)` or `keyring`. */
  database: string;
  /** The last part of the collection's path, such as `orders`. */
  collection: string;
  /** Whether it asks all collections of that name, whoever's they are. */
  group: boolean;
  /** The service's own names of operators, such as `EQUAL` or `IS_NULL`; a disjunction shows as `OR`. */
  filters: { field: string; op: string }[];
  orders: { field: string; direction: 'ASCENDING' | 'DESCENDING' }[];
}

/** The names of the top-level fields that a query asks for; undefined when it asks for all. */
export function fieldsAsked({ select }: WireQuery): string[] | undefined {
  return select?.fields?.map(({ fieldPath = '' }) => fieldPath.split('.', 1)[0] ?? '');
}

export function seenQuery(parent: string, query: WireQuery): SeenQuery {
  const [from] = query.from ?? [];
  return {
    database: parseName(parent).database,
    collection: from?.collectionId ?? '',
    group: from?.allDescendants ?? false,
    filters: query.where === undefined ? [] : filtersOf(query.where),
    orders: (query.orderBy ?? []).map(({ field, direction }) => ({
      field: field?.fieldPath ?? '',
      direction: direction ?? 'ASCENDING',
    })),
  };
}

function filtersOf({ compositeFilter, fieldFilter, unaryFilter }: WireFilter): SeenQuery['filters'] {
  if (compositeFilter?.op === 'OR') return [{ field: '', op: 'OR' }];
  const one = fieldFilter ?? unaryFilter;
  const own = one === undefined ? [] : [{ field: one.field?.fieldPath ?? '', op: one.op ?? '' }];
  return [...own, ...(compositeFilter?.filters ?? []).flatMap(filtersOf)];
}
