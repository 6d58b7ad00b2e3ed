import { fromJSON, type ServiceDefinition } from '@grpc/proto-loader';
import { parseName, type WireWrite } from './writes.ts';

/**
 * An entry that a function adds to a company's log, as far as it says what was acted on. It is the one thing that a door
 * reads of what is in a document: an entry has ids, words and counts alone.
 */
export interface LogEntry {
  companyId: string;
  /** Such as `order.opened`. */
  action: string;
  /** The id of the record that was acted on. */
  record: string;
  /** The counts among its facts, such as `orders`. */
  counts: Readonly<Record<string, number>>;
}

interface Value {
  string?: string;
  integer?: number;
  map?: { fields?: Record<string, Value> };
}

interface Written {
  writes?: {
    update?: { name?: string; fields?: Record<string, Value> };
    currentDocument?: { exists?: boolean };
  }[];
}

const field = (type: string, id: number) => ({ type, id });
const values = (id: number) => ({ keyType: 'string', type: 'Value', id });

/**
 * The fields of `Commit` and `BatchWrite` that lead to an entry's, by their official numbers; what is not here is skipped.
 * https://github.com/googleapis/googleapis/blob/master/google/firestore/v1
 */
const SHAPE = {
  nested: {
    // Stands for both: the library decodes what is a message of some method.
    Firestore: { methods: { Written: { requestType: 'Written', responseType: 'Written', comment: '' } } },
    Written: { fields: { writes: { rule: 'repeated', ...field('Write', 2) } } },
    Write: { fields: { update: field('Document', 1), currentDocument: field('Precondition', 4) } },
    Precondition: { fields: { exists: field('bool', 1) } },
    Document: { fields: { name: field('string', 1), fields: values(2) } },
    Value: { fields: { integer: field('int64', 2), map: field('Map', 6), string: field('string', 17) } },
    Map: { fields: { fields: values(1) } },
  },
};

const PATH = /^companies\/([^/]+)\/audit\/[^/]+$/;

let read: ((message: Buffer) => Written) | undefined;

/** Whether a write makes an entry of a log. */
export function makesEntry({
  update,
  currentDocument,
}: Pick<WireWrite, 'update' | 'currentDocument'>): boolean {
  return currentDocument?.exists === false && companyOf(update?.name) !== undefined;
}

/** The entries that a commit makes, by its request as it came. */
export function entriesIn(request: Buffer): LogEntry[] {
  read ??= (fromJSON(SHAPE, { longs: Number })['Firestore'] as ServiceDefinition)['Written']
    ?.requestDeserialize as typeof read;
  return (read?.(request).writes ?? []).filter(makesEntry).flatMap(({ update }) => {
    const companyId = companyOf(update?.name);
    const { action, record, facts } = update?.fields ?? {};
    if (companyId === undefined || action?.string === undefined) return [];
    const counts = Object.entries(facts?.map?.fields ?? {}).flatMap(([name, { integer }]) =>
      integer === undefined ? [] : [[name, integer] as const],
    );
    const id = record?.map?.fields?.['id']?.string ?? '';
    return [{ companyId, action: action.string, record: id, counts: Object.fromEntries(counts) }];
  });
}

function companyOf(name: string | undefined): string | undefined {
  const { database, path } = parseName(name ?? '');
  return database === '(default)' ? PATH.exec(path)?.[1] : undefined;
}
