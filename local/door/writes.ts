import type { LogEntry } from './log-entries.ts';

/** A write as the official descriptor decodes it, without the document's contents. */
export interface WireWrite {
  update?: { name?: string };
  updateMask?: { fieldPaths?: string[] } | null;
  updateTransforms?: { fieldPath?: string }[];
  delete?: string;
  transform?: { document?: string };
  currentDocument?: { exists?: boolean; updateTime?: object };
}

export type WriteKind = 'create' | 'set' | 'update' | 'delete';

/** What is known of a commit beside its writes. */
export interface Commit {
  /** Absent of a commit that belongs to none. */
  transaction?: string;
  /** The entries of companies' logs among the writes. */
  readonly entries: readonly LogEntry[];
}

/** One write that a function made, as the wire showed it: where, what kind, never what. */
export interface DocumentWrite {
  /** `(default)` or `keyring`. */
  database: string;
  kind: WriteKind;
  /** Such as `companies/cmp_…/orders/ord_…`. */
  path: string;
  /** What an `update` changes, by the names of top-level fields. Absent of any other kind, which changes everything. */
  fields?: readonly string[];
}

/**
 * The full name of the document that a write names. Several set at once is not possible in the service's own
 * reading (a oneof: the last wins), so a write that sets more than one names nothing.
 */
export function targetOf(write: WireWrite): { kind: WriteKind; name: string } {
  const named = [write.update?.name, write.delete, write.transform?.document].filter(
    (name) => name !== undefined,
  );
  const name = named.length === 1 ? (named[0] ?? '') : '';
  if (write.delete !== undefined) return { kind: 'delete', name };
  if (write.currentDocument?.exists === false) return { kind: 'create', name };
  const kept = write.transform ?? write.currentDocument?.updateTime ?? write.currentDocument?.exists;
  return { kind: kept === undefined ? 'set' : 'update', name };
}

/** `projects/p/databases/keyring/documents/a/b` names the database `keyring` and the path `a/b`. */
export function parseName(name: string): { database: string; path: string } {
  const parts = name.split('/');
  return { database: parts[3] ?? '', path: parts.slice(5).join('/') };
}

export function documentWrite(write: WireWrite): DocumentWrite {
  const { kind, name } = targetOf(write);
  return { kind, ...parseName(name), ...(kind === 'update' && { fields: fieldsOf(write) }) };
}

function fieldsOf({ updateMask, updateTransforms = [] }: WireWrite): string[] {
  const paths = [
    ...(updateMask?.fieldPaths ?? []),
    ...updateTransforms.map(({ fieldPath = '' }) => fieldPath),
  ];
  return [...new Set(paths.map((path) => path.split('.', 1)[0] ?? ''))];
}
