import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SeenQuery } from '../../local/door/queries.ts';

/** One of the files that `firebase deploy` reads: https://firebase.google.com/docs/reference/firestore/indexes. */
export interface IndexFile {
  indexes: {
    collectionGroup: string;
    queryScope: 'COLLECTION' | 'COLLECTION_GROUP';
    fields: { fieldPath: string; order?: 'ASCENDING' | 'DESCENDING'; arrayConfig?: 'CONTAINS' }[];
  }[];
  fieldOverrides: {
    collectionGroup: string;
    fieldPath: string;
    ttl?: boolean;
    indexes: {
      queryScope: 'COLLECTION' | 'COLLECTION_GROUP';
      order?: 'ASCENDING' | 'DESCENDING';
      arrayConfig?: 'CONTAINS';
    }[];
  }[];
}

/** What `firebase.json` declares for each database. */
export function declaredIndexes(): Map<string, IndexFile> {
  const root = resolve(import.meta.dirname, '..', '..');
  const json = (file: string): unknown => JSON.parse(readFileSync(resolve(root, file), 'utf8'));
  const { firestore } = json('firebase.json') as { firestore: { database: string; indexes: string }[] };
  return new Map(firestore.map(({ database, indexes }) => [database, json(indexes) as IndexFile]));
}

type Mode = 'ASCENDING' | 'DESCENDING' | 'CONTAINS';

/** An index as a query sees it: the fields that it can fix, then the order that it has. */
interface Index {
  fields: { path: string; mode: Mode }[];
}

const EQUALITY = new Set(['EQUAL', 'IN', 'IS_NULL', 'IS_NAN', 'ARRAY_CONTAINS']);
const RANGE = new Set(['LESS_THAN', 'LESS_THAN_OR_EQUAL', 'GREATER_THAN', 'GREATER_THAN_OR_EQUAL']);
const NAME = '__name__';

/**
 * Whether the service would answer a query with the indexes of a file. As documented: an index serves a query when its
 * last fields are the query's order, direction and all, and the fields before are compared for equality; several such
 * indexes are merged, so each equality must be in one of them. Every field has indexes of its own in both directions,
 * and one for arrays, for its collection alone, unless a file says otherwise. What is not known here is not served.
 * https://firebase.google.com/docs/firestore/query-data/index-overview
 */
export function isDeclared(query: SeenQuery, file: IndexFile): boolean {
  const equal = query.filters.filter(({ op }) => EQUALITY.has(op));
  const range = query.filters.filter(({ op }) => RANGE.has(op));
  if (equal.length + range.length !== query.filters.length) return false;
  const asked = query.orders.filter(({ field }) => field !== NAME);
  const order: Index['fields'] =
    asked.length > 0
      ? asked.map(({ field, direction }) => ({ path: field, mode: direction }))
      : [...new Set(range.map(({ field }) => field))].map((path) => ({ path, mode: 'ASCENDING' }));
  // A range is read off the first field of the order.
  if (range.some(({ field }) => field !== order[0]?.path)) return false;
  // Behind its last field every index goes by name, in the same direction.
  const last = order.at(-1)?.mode ?? 'ASCENDING';
  const byName = query.orders.find(({ field }) => field === NAME);
  if (byName !== undefined && byName.direction !== last) return false;
  if (equal.length === 0 && order.length === 0) return true;

  const wanted = new Map(equal.map(({ field, op }) => [field, op === 'ARRAY_CONTAINS' ? 'CONTAINS' : 'any']));
  const usable = indexesFor(query, file)
    .filter(({ fields }) => same(fields.slice(fields.length - order.length), order))
    .map(({ fields }) => fields.slice(0, fields.length - order.length))
    .filter((fixed) =>
      fixed.every(({ path, mode }) => {
        const kind = wanted.get(path);
        return kind === 'CONTAINS' ? mode === 'CONTAINS' : kind !== undefined && mode !== 'CONTAINS';
      }),
    );
  const covered = new Set(usable.flatMap((fixed) => fixed.map(({ path }) => path)));
  return usable.length > 0 && [...wanted.keys()].every((path) => covered.has(path));
}

function indexesFor(query: SeenQuery, file: IndexFile): Index[] {
  const scope = query.group ? 'COLLECTION_GROUP' : 'COLLECTION';
  const composite = file.indexes
    .filter((index) => index.collectionGroup === query.collection && index.queryScope === scope)
    .map(({ fields }) => ({
      fields: fields.map(({ fieldPath, order, arrayConfig }) => ({
        path: fieldPath,
        mode: arrayConfig ?? order ?? 'ASCENDING',
      })),
    }));
  const paths = new Set([...query.filters, ...query.orders].map(({ field }) => field));
  const single = [...paths].flatMap((path) =>
    singleField(query.collection, path, scope, file).map((mode) => ({ fields: [{ path, mode }] })),
  );
  return [...composite, ...single];
}

/** A map that is exempt takes what is in it along, but for fields in it that are declared by themselves. */
function singleField(
  collection: string,
  path: string,
  scope: 'COLLECTION' | 'COLLECTION_GROUP',
  file: IndexFile,
): Mode[] {
  const [override] = file.fieldOverrides
    .filter(
      ({ collectionGroup, fieldPath }) =>
        collectionGroup === collection && (path === fieldPath || path.startsWith(`${fieldPath}.`)),
    )
    .sort((one, other) => other.fieldPath.length - one.fieldPath.length);
  if (override === undefined) return scope === 'COLLECTION' ? ['ASCENDING', 'DESCENDING', 'CONTAINS'] : [];
  return override.indexes
    .filter(({ queryScope }) => queryScope === scope)
    .map(({ order, arrayConfig }) => arrayConfig ?? order ?? 'ASCENDING');
}

function same(one: Index['fields'], other: Index['fields']): boolean {
  return (
    one.length === other.length &&
    one.every(({ path, mode }, place) => path === other[place]?.path && mode === other[place].mode)
  );
}
