import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build as buildArchiveLog } from '../../functions/archive-log.ts';
import { build as buildAudit } from '../../functions/audit.ts';
import { addEntry } from '../../shared/audit/append.ts';
import { type AuditEntry, leafHash } from '../../shared/audit/entry.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { type Scope, SCOPES } from '../../shared/domain/api-key.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { auditRoutes } from '../../shared/http/audit/route.ts';
import { storeApiKey } from '../../shared/http/authenticate.ts';
import { openApiDocument } from '../../shared/http/openapi.ts';
import { openDatabase } from '../http/database.ts';
import { serve } from '../http/serve.ts';
import { answerCheck } from '../support/openapi-check.ts';

let database: Awaited<ReturnType<typeof openDatabase>>;
beforeAll(async () => {
  database = await openDatabase();
});
afterAll(() => database.close());

const check = answerCheck(openApiDocument(auditRoutes, 'http://127.0.0.1:8080'));

interface Page {
  data: (AuditEntry & { leaf: string })[];
  next: string | null;
  errors: { path: string }[];
}

function env(): Record<string, string> {
  const { projectId } = database;
  const name = `projects/${projectId}/locations/global/keyRings/strongroom/cryptoKeys/x`;
  return {
    GOOGLE_CLOUD_PROJECT: projectId,
    STRONGROOM_ENV: 'local',
    BASE_URL: 'http://127.0.0.1:8080',
    KMS_TENANT_KEK: name,
    KMS_RECOVERY_KEK: name,
    KMS_ATTEST: name,
    LEDGER_BUCKET: 'ledger',
  };
}

/** A company with a key, and an instance of the function. `archiveLog`: another address of the one that writes for it. */
async function merchant(scopes: readonly Scope[] = SCOPES, archiveLog?: string) {
  const companyId = randomId('company');
  const key = { companyId, mode: 'test', name: 'A key', scopes, expiresAt: null } as const;
  const { apiKey, keyId } = await storeApiKey(database.db, key, Date.now);
  const ARCHIVE_LOG_URL = archiveLog ?? (await serve(buildArchiveLog(env(), Date.now)));
  const url = await serve(buildAudit({ ...env(), ARCHIVE_LOG_URL }, Date.now));
  const get = async (query: Record<string, string> | string = {}) => {
    const path = `/v1/audit?${new URLSearchParams(query).toString()}`;
    const response = await fetch(url + path, { headers: { authorization: `Bearer ${apiKey}` } });
    const body = await response.text();
    check({
      method: 'GET',
      path,
      status: response.status,
      contentType: response.headers.get('content-type'),
      body,
    });
    return { status: response.status, page: JSON.parse(body) as Page };
  };
  return { companyId, apiKey, keyId, url, get };
}

type Added = Partial<Pick<AuditEntry, 'action' | 'record' | 'actor'>>;

/** One entry a minute from nine o'clock. */
async function write(companyId: string, entries: Added[]): Promise<AuditEntry[]> {
  const batch = database.db.batch();
  const added = entries.map((entry, minute) =>
    addEntry(
      batch,
      {
        companyId,
        actor: { type: 'system', id: null },
        action: 'order.opened',
        record: { type: 'order', id: randomId('order') },
        result: 'done',
        requestId: randomId('request'),
        facts: { lines: 2 },
        ...entry,
      },
      { db: database.db, now: () => Date.UTC(2026, 10, 23, 9, minute) },
    ),
  );
  await batch.commit();
  return added;
}

const ids = ({ page }: { page: Page }) => page.data.map((entry) => entry.id);

describe('GET /v1/audit', () => {
  it('shows every member that the leaf is made of, and the leaf', async () => {
    const { companyId, get } = await merchant();
    const [entry] = await write(companyId, [{}]);
    const { page } = await get();
    expect(page).toEqual({ data: [{ ...entry, leaf: entry && leafHash(entry) }], next: null });
  });

  it('has the newest first and pages without a gap or a repeat', async () => {
    const { companyId, get } = await merchant();
    const written = await write(
      companyId,
      Array.from({ length: 7 }, () => ({})),
    );
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const answer = await get({ limit: '3', ...(after !== null && { after }) });
      seen.push(...ids(answer));
      after = answer.page.next;
    } while (after !== null);
    expect(seen).toEqual(written.map((entry) => entry.id).reverse());
  });

  it('pages through entries of one and the same millisecond', async () => {
    const { companyId, get } = await merchant();
    const batches = [
      await write(companyId, [{}]),
      await write(companyId, [{}]),
      await write(companyId, [{}]),
    ];
    const first = await get({ limit: '2' });
    const second = await get({ limit: '2', after: first.page.next ?? '' });
    expect([...ids(first), ...ids(second)].sort()).toEqual(
      batches
        .flat()
        .map((entry) => entry.id)
        .sort(),
    );
  });

  it('filters by action, actor, record and time', async () => {
    const { companyId, get } = await merchant();
    const key = { type: 'api_key', id: randomId('apiKey') } as const;
    const record = { type: 'order', id: randomId('order') } as const;
    const [a, b, c] = await write(companyId, [
      { record },
      { actor: key, record },
      { action: 'order.archived' },
    ]);
    expect(ids(await get({ action: 'order.archived' }))).toEqual([c?.id]);
    expect(ids(await get({ actor: key.id }))).toEqual([b?.id]);
    expect(ids(await get({ record: record.id }))).toEqual([b?.id, a?.id]);
    expect(ids(await get({ record: record.id, actor: key.id, action: 'order.opened' }))).toEqual([b?.id]);
    expect(ids(await get({ from: '2026-11-23T09:01:00Z' }))).toEqual([c?.id, b?.id]);
    expect(ids(await get({ to: '2026-11-23T10:01:00+01:00' }))).toEqual([a?.id]);
  });

  it('never shows the log of another company', async () => {
    const mine = await merchant();
    const other = await merchant();
    const [foreign] = await write(other.companyId, [{}, {}]);
    expect(ids(await mine.get())).toEqual([]);
    expect(ids(await mine.get({ record: foreign?.record.id ?? '' }))).toEqual([]);
    const { next } = (await other.get({ limit: '1' })).page;
    expect(ids(await mine.get({ after: next ?? '' }))).toEqual([]);
  });

  it.each([
    [{ limit: '0' }, 'limit'],
    [{ after: 'x' }, 'after'],
    [{ action: 'order.peeked' }, 'action'],
    [{ actor: 'me' }, 'actor'],
    [{ from: 'yesterday' }, 'from'],
    [{ companyId: 'cmp_1' }, 'companyId'],
    ['limit=1&limit=2', 'limit'],
  ])('refuses %j by name', async (query, path) => {
    const { get } = await merchant();
    const { status, page } = await get(query);
    expect([status, page.errors.map((error) => error.path)]).toEqual([400, [path]]);
  });

  it('breaks the connection when a file of the log breaks off, so that none is taken for whole', async () => {
    const { companyId, apiKey, url, get } = await merchant();
    const written = await write(
      companyId,
      Array.from({ length: 305 }, () => ({})),
    );
    const damaged = database.db.doc(`${paths.audit(companyId)}/${written[1]?.id ?? ''}`);
    await damaged.update({ action: 'order.peeked' });
    const fetched = (format: string) =>
      fetch(`${url}/v1/audit/export?format=${format}`, { headers: { authorization: `Bearer ${apiKey}` } });
    for (const format of ['csv', 'ndjson']) {
      const response = await fetched(format);
      expect(response.status).toBe(200);
      await expect(response.text(), format).rejects.toThrow();
    }
    // What can not begin at all is told as ever, and the next caller is answered.
    const newest = database.db.doc(`${paths.audit(companyId)}/${written.at(-1)?.id ?? ''}`);
    await newest.update({ action: 'order.peeked' });
    expect((await fetched('ndjson')).status).toBe(500);
    await damaged.update({ action: 'order.opened' });
    await newest.update({ action: 'order.opened' });
    expect((await (await fetched('csv')).text()).trim().split('\r\n')).toHaveLength(306);
    expect((await get()).status).toBe(200);
  });

  it('needs the scope audit:read, and who had not is in the log, once in ten minutes', async () => {
    const asking = await merchant(['orders:read', 'orders:write', 'orders:erase']);
    const { companyId, apiKey, keyId, url } = asking;
    const company = { name: 'Any', mode: 'test', createdAt: '2026-11-23T09:00:00.000Z' };
    await database.db.doc(paths.company(companyId)).create(company);
    expect((await asking.get()).status).toBe(403);
    const log = database.db.collection(paths.audit(companyId));
    const facts = { code: 'FORBIDDEN', scope: 'audit:read' };
    const refused = { action: 'access.refused', actor: { type: 'api_key', id: keyId }, facts };
    const entries = async () => (await log.get()).docs.map((doc) => doc.data());
    const before = await entries();
    expect(before).toMatchObject([{ ...refused, companyId, result: 'refused' }]);

    for (const path of ['/export', '/bundle', '/checkpoints', `/${String(before[0]?.['id'])}/proof`]) {
      const headers = { authorization: `Bearer ${apiKey}` };
      expect((await fetch(`${url}/v1/audit${path}`, { headers })).status, path).toBe(403);
    }
    // The next ten minutes may have begun.
    expect((await entries()).length).toBeLessThanOrEqual(2);
  });

  it('answers who is refused the same when that can not be written down', async () => {
    const { get } = await merchant(['orders:read'], 'http://127.0.0.1:9');
    expect((await get()).status).toBe(403);
  });
});
