import { createHash } from 'node:crypto';
import { FieldPath, type QueryDocumentSnapshot } from '@google-cloud/firestore';
import { StoredCompany } from '../accounts/documents.ts';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import type { Attest } from '../cloud/attest.ts';
import { paths } from '../cloud/firestore.ts';
import { pagesOf } from '../cloud/pages.ts';
import { AppError } from '../domain/errors.ts';
import type { ExportDeps as KindDeps } from './export-kind.ts';
import { EXPORT_KINDS, type ExportKind, kindOf } from './export-kinds.ts';

export interface ExportDeps extends KindDeps {
  attest: Pick<Attest, 'sign'>;
  /** The issuer that manifest and parts name. */
  issuer: string;
}

/** Whose export it is, and who asks under which request. */
export interface Exporting extends Pick<AuditEntry, 'actor' | 'requestId'> {
  companyId: string;
}

/** Types of the statements, so that one is never taken for the other. */
export const MANIFEST_TYP = 'strongroom-export+jwt';
export const PART_TYP = 'strongroom-export-part+jwt';

const KINDS = Object.keys(EXPORT_KINDS) as ExportKind[];
/** A part ends with whichever comes first, so that it is made within seconds and in little memory. */
export const MOST_RECORDS = 500;
const MOST_BYTES = 2_000_000;
/** Of what is opened the size is known afterwards: far more than what it is stored with is rare. */
const MOST_OPENED_BYTES = 2 * MOST_BYTES;
/** What is opened is up to 1 MiB a document, anything else far below 80 kB: what is read at once stays below 20 MB. */
const chunkOf = (kind: ExportKind): number =>
  kindOf(kind).chunk ?? (kindOf(kind).opens === undefined ? 250 : 20);

/** What a part is named by: a kind, and after which record of it the part begins. */
interface Place {
  kind: ExportKind;
  after: string | undefined;
}

/**
 * What there is to fetch: a compact JWS that names the company as it is, the first part of each kind and about how many
 * records there are. Nothing is prepared or kept for it: each part is made when it is fetched.
 */
export async function exportManifest(
  exporting: Exporting,
  deps: ExportDeps,
): Promise<{ manifest: string; entry: AuditEntry }> {
  const { db, now, attest, issuer } = deps;
  const { companyId, actor, requestId } = exporting;
  const found = await db.doc(paths.company(companyId)).get();
  if (!found.exists) throw new AppError('NOT_FOUND');
  const company = StoredCompany.parse(found.data());
  const parts = await Promise.all(
    KINDS.map(async (kind) => {
      const { documents, records } = kindOf(kind);
      const count = records ?? (async () => (await documents(db, companyId).count().get()).data().count);
      return { kind, first: kind, records: await count(db, companyId) };
    }),
  );
  const manifest = await attest.sign(MANIFEST_TYP, {
    ...{ iss: issuer, sub: companyId, iat: Math.floor(now() / 1000), format: 1 },
    company: { id: companyId, ...company },
    parts,
  });
  const batch = db.batch();
  const record = { type: 'company', id: companyId } as const;
  const about = { companyId, actor, record, requestId, result: 'done', facts: {} } as const;
  const entry = addEntry(batch, { ...about, action: 'export.started' }, deps);
  await batch.commit();
  return { manifest, entry };
}

/**
 * One part: a line of JSON for each record, at most 500, and a last line `{"part": …}` with a JWS that counts and hashes
 * the lines before it and names the next part. Whoever follows them to `next: null` has all that was there at the
 * start, by their ids, however long it took. What is opened is in the log before it is. `NOT_FOUND` for a name of no part.
 */
export async function exportPart(
  exporting: Exporting,
  name: string,
  deps: ExportDeps,
): Promise<{ body: string; entry: AuditEntry | undefined }> {
  const { companyId } = exporting;
  const place = placeOf(name);
  const opens = kindOf(place.kind).opens !== undefined;
  const { lines, next, entry } = opens
    ? await openPart(exporting, place, deps)
    : { ...(await renderPart(companyId, place, deps)), entry: undefined };
  const records = lines.map((line) => `${line}\n`).join('');
  const statement = await deps.attest.sign(PART_TYP, {
    ...{ iss: deps.issuer, sub: companyId, iat: Math.floor(deps.now() / 1000), part: name },
    ...{ records: lines.length, sha256: createHash('sha256').update(records).digest('hex') },
    next: next === undefined ? null : `${place.kind}.${next}`,
  });
  return { body: `${records}${JSON.stringify({ part: statement })}\n`, entry };
}

function placeOf(name: string): Place {
  const dot = name.indexOf('.');
  const kind = KINDS.find((each) => each === (dot < 0 ? name : name.slice(0, dot)));
  const after = dot < 0 ? undefined : name.slice(dot + 1);
  if (kind === undefined || (after !== undefined && !kindOf(kind).isId(after))) {
    throw new AppError('NOT_FOUND');
  }
  return { kind, after };
}

interface Rendered {
  lines: string[];
  /** After which record the next part begins. */
  next: string | undefined;
}

async function renderPart(companyId: string, place: Place, deps: ExportDeps): Promise<Rendered> {
  const { kind } = place;
  const lines: string[] = [];
  let bytes = 0;
  for await (const docs of documentsAt(companyId, place, deps)) {
    bytes += await renderInto(lines, companyId, kind, docs, deps);
    const more = docs.length === chunkOf(kind);
    if (more && (lines.length >= MOST_RECORDS || bytes >= MOST_BYTES))
      return { lines, next: docs.at(-1)?.id };
  }
  return { lines, next: undefined };
}

/**
 * A part of what is sealed: its documents are read, then it is in the log how many there are, then they are opened. So a
 * run that dies at any point has opened nothing that the log does not tell of.
 */
async function openPart(
  exporting: Exporting,
  place: Place,
  deps: ExportDeps,
): Promise<Rendered & { entry: AuditEntry | undefined }> {
  const { kind } = place;
  const chunk = chunkOf(kind);
  const documents: QueryDocumentSnapshot[] = [];
  let bytes = 0;
  let more = false;
  for await (const docs of documentsAt(exporting.companyId, place, deps)) {
    documents.push(...docs);
    bytes += JSON.stringify(docs.map((doc) => doc.data())).length;
    more = docs.length === chunk;
    if (documents.length >= MOST_RECORDS || bytes >= MOST_BYTES) break;
  }
  const entry = await logOpening(exporting, kind, documents.length, deps);
  const lines: string[] = [];
  let opened = 0;
  let openedBytes = 0;
  while (opened < documents.length && openedBytes < MOST_OPENED_BYTES) {
    const some = documents.slice(opened, opened + chunk);
    openedBytes += await renderInto(lines, exporting.companyId, kind, some, deps);
    opened += some.length;
  }
  return { lines, next: more || opened < documents.length ? documents[opened - 1]?.id : undefined, entry };
}

/** Documents of a kind in the order of their ids, some at a time; a page that is not full is the last one. */
function documentsAt(companyId: string, { kind, after }: Place, { db }: ExportDeps) {
  const ordered = kindOf(kind).documents(db, companyId).orderBy(FieldPath.documentId());
  return pagesOf(after === undefined ? ordered : ordered.startAfter(after), chunkOf(kind));
}

/** Adds a line of JSON for each record. Answers how many bytes came in. */
async function renderInto(
  lines: string[],
  companyId: string,
  kind: ExportKind,
  documents: QueryDocumentSnapshot[],
  deps: ExportDeps,
): Promise<number> {
  const records = await kindOf(kind).render(companyId, documents, deps);
  const rendered = records.map((record) => JSON.stringify(record));
  lines.push(...rendered);
  return rendered.reduce((sum, line) => sum + Buffer.byteLength(line), 0);
}

async function logOpening(
  { companyId, actor, requestId }: Exporting,
  kind: ExportKind,
  count: number,
  deps: ExportDeps,
): Promise<AuditEntry | undefined> {
  if (count === 0) return undefined;
  const batch = deps.db.batch();
  const record = { type: 'company', id: companyId } as const;
  const facts = kind === 'orders' ? { orders: count } : { quantity: count };
  const about = { companyId, actor, record, requestId, result: 'done', facts } as const;
  const entry = addEntry(batch, { ...about, action: 'export.opened' }, deps);
  await batch.commit();
  return entry;
}
