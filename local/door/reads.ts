/** One document that a function was given, as the wire showed it: where, never what is in it. */
export interface DocumentRead {
  /** `(default)`, `keyring` or another. */
  database: string;
  /** Such as `companies/cmp_…/orders/ord_…`. */
  path: string;
  /** Which fields alone, by the names of top-level ones. Absent where the whole document was asked for. */
  fields?: readonly string[];
  /** In which transaction, by the name that its commit has too. Absent of a read outside of any. */
  transaction?: string;
}

/** What the answers of all methods that read have in common, as the official descriptors decode it. */
export interface WireDocuments {
  found?: { name?: string };
  document?: { name?: string };
  documents?: { name?: string }[];
  documentChange?: { document?: { name?: string } };
}

/** The full names of the documents that one message of an answer delivers. */
export function namesIn({ found, document, documents = [], documentChange }: WireDocuments): string[] {
  return [found, document, documentChange?.document, ...documents].flatMap((each) => each?.name ?? []);
}

/** The service names a transaction by any bytes, within one database. */
export function transactionName(database: string, bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined;
  return `${database} ${Buffer.from(bytes).toString('base64url')}`;
}
