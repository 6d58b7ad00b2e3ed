import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { z } from 'zod';

/** How the hub is asked; a test may stand in between. */
export interface ExportSource {
  baseUrl: string;
  apiKey: string;
  fetch: typeof fetch;
  /** Waits so many milliseconds before a repeat. */
  wait: (ms: number) => Promise<void>;
}

/** What has been fetched and checked so far. */
export interface Progress {
  kind: string;
  part: number;
  records: number;
  /** About how many there are. */
  expected: number;
  /** The part lay in the folder already. */
  kept: boolean;
}

const Manifest = z.object({
  sub: z.string(),
  format: z.literal(1),
  parts: z
    .array(z.object({ kind: z.string().regex(/^[a-zA-Z]{1,20}$/), first: z.string(), records: z.int() }))
    .min(1),
});
const Part = z.object({
  sub: z.string(),
  part: z.string(),
  records: z.int(),
  sha256: z.string(),
  next: z.string().nullable(),
});
const LastLine = z.object({ part: z.string() });
type Keys = ReturnType<typeof createLocalJWKSet>;

/** So many repeats of a request that the hub could not answer, a second after the first and twice as long each time. */
const REPEATS = 6;

/**
 * Fetches everything of a company into a folder: `manifest.jws` and `<kind>-00001.ndjson` and so on, each part as it was
 * signed. Every signature, count, hash and link from part to part is checked; what lies in the folder and holds is not
 * fetched again. Answers how many records of each kind there are.
 */
export async function fetchExport(
  folder: string,
  source: ExportSource,
  onPart: (progress: Progress) => void = () => undefined,
): Promise<Record<string, number>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const keys = createLocalJWKSet(JSON.parse(await ask('/.well-known/jwks.json', source)) as JSONWebKeySet);
  const manifest = await readManifest(folder, keys, source);
  const totals: Record<string, number> = {};
  for (const { kind, first, records: expected } of manifest.parts) {
    let records = 0;
    let name: string | null = first;
    let part = 0;
    while (name !== null) {
      part += 1;
      const file = join(folder, `${kind}-${String(part).padStart(5, '0')}.ndjson`);
      const stored = await keptPart(file, { name, company: manifest.sub }, keys);
      const checked: z.infer<typeof Part> =
        stored ?? (await freshPart(file, { name, company: manifest.sub }, keys, source));
      records += checked.records;
      name = checked.next;
      onPart({ kind, part, records, expected, kept: stored !== undefined });
    }
    totals[kind] = records;
  }
  return totals;
}

async function readManifest(
  folder: string,
  keys: Keys,
  source: ExportSource,
): Promise<z.infer<typeof Manifest>> {
  const file = join(folder, 'manifest.jws');
  const stored = await textOf(file);
  if (stored !== undefined) return statement(stored, 'strongroom-export+jwt', Manifest, keys);
  const answer: unknown = JSON.parse(await ask('/v1/export', source));
  const { manifest } = z.object({ manifest: z.string() }).parse(answer);
  const checked = await statement(manifest, 'strongroom-export+jwt', Manifest, keys);
  await put(file, manifest);
  return checked;
}

interface Wanted {
  name: string;
  company: string;
}

/** A part that an earlier run left; what does not hold is fetched anew. */
async function keptPart(file: string, wanted: Wanted, keys: Keys): Promise<z.infer<typeof Part> | undefined> {
  const stored = await textOf(file);
  if (stored === undefined) return undefined;
  try {
    return await checkPart(stored, wanted, keys);
  } catch {
    await rm(file);
    return undefined;
  }
}

async function freshPart(
  file: string,
  wanted: Wanted,
  keys: Keys,
  source: ExportSource,
): Promise<z.infer<typeof Part>> {
  const body = await ask(`/v1/export/${wanted.name}`, source);
  const checked = await checkPart(body, wanted, keys);
  await put(file, body);
  return checked;
}

/** The signed last line, when it is about these very lines. */
async function checkPart(body: string, { name, company }: Wanted, keys: Keys): Promise<z.infer<typeof Part>> {
  const start = body.lastIndexOf('\n', body.length - 2) + 1;
  const records = body.slice(0, start);
  const { part: jws } = LastLine.parse(JSON.parse(body.slice(start)));
  const part = await statement(jws, 'strongroom-export-part+jwt', Part, keys);
  const holds =
    part.sub === company &&
    part.part === name &&
    part.records === records.split('\n').length - 1 &&
    part.sha256 === createHash('sha256').update(records).digest('hex');
  if (!holds) throw new Error(`The part ${name} is not what its signature says.`);
  return part;
}

async function statement<T>(jws: string, typ: string, schema: z.ZodType<T>, keys: Keys): Promise<T> {
  const { payload, protectedHeader } = await compactVerify(jws, keys, { algorithms: ['ES256'] });
  if (protectedHeader.typ !== typ) throw new Error(`A statement is not of the type ${typ}.`);
  return schema.parse(JSON.parse(Buffer.from(payload).toString('utf8')));
}

/** The body of an answer of 200. What may pass is asked for again; anything else ends the export, which can go on later. */
async function ask(path: string, { baseUrl, apiKey, fetch, wait }: ExportSource): Promise<string> {
  for (let repeat = 0; ; repeat += 1) {
    const failure = await fetch(baseUrl + path, { headers: { Authorization: `Bearer ${apiKey}` } }).then(
      async (response) => {
        if (response.status === 200) return { body: await response.text() };
        const passes = response.status === 429 || response.status >= 500;
        return { passes, told: `${response.status} to ${path}` };
      },
      () => ({ passes: true, told: `nothing to ${path}` }),
    );
    if ('body' in failure) return failure.body;
    if (!failure.passes || repeat === REPEATS) throw new Error(`${baseUrl} answered ${failure.told}.`);
    await wait(1000 * 2 ** repeat);
  }
}

async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
}

/** Whole or not at all, and for its owner's eyes. */
async function put(file: string, text: string): Promise<void> {
  await writeFile(`${file}.part`, text, { mode: 0o600 });
  await rename(`${file}.part`, file);
}
