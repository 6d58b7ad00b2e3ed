import { OpenAPIHono } from '@hono/zod-openapi';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StoredEntry } from '../../shared/audit/entry.ts';
import { createRefusals } from '../../shared/audit/refusals.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { createLog } from '../../shared/cloud/log.ts';
import { newApiKey } from '../../shared/domain/api-key.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { timestamp } from '../../shared/domain/time.ts';
import { type ApiEnv, createApi, toFunction } from '../../shared/http/app.ts';
import { createAuthenticator, storeApiKey } from '../../shared/http/authenticate.ts';
import { requires } from '../../shared/http/scope.ts';
import { openDatabase } from '../http/database.ts';
import { serve } from '../http/serve.ts';

let database: Awaited<ReturnType<typeof openDatabase>>;
/** The start of a window of ten minutes. */
let at = Date.parse('2026-11-25T12:00:00.000Z');
const now = (): number => at;
const lines: string[] = [];
/** All but the sampled access log. */
const write = (line: string): unknown => line.includes('request.answered') || lines.push(line);
beforeAll(async () => {
  database = await openDatabase();
});
afterAll(() => database.close());

/** One instance of a function; each remembers for itself what it has noted. */
async function instance(): Promise<string> {
  const { db } = database;
  const log = createLog({ functionName: 'things', write });
  const app = createApi({
    log,
    authenticator: createAuthenticator({ db, now }),
    noteRefusal: createRefusals({ db, now }),
  });
  const routes = new OpenAPIHono<ApiEnv>();
  routes.get('/v1/open', requires('orders:read').middleware, (c) => c.text('open'));
  routes.get('/v1/erase', requires('orders:erase').middleware, (c) => c.text('never'));
  routes.get('/v1/members', requires('members:write').middleware, (c) => c.text('never'));
  app.route('/', routes);
  return serve(toFunction(app));
}

async function company(exists = true) {
  const companyId = randomId('company');
  const made = { name: 'Any', mode: 'test', createdAt: timestamp(now) };
  if (exists) await database.db.doc(paths.company(companyId)).create(made);
  const key = { companyId, mode: 'test', name: 'A key', scopes: ['orders:read'] } as const;
  const expiresAt = new Date(at + 60 * 60_000).toISOString();
  const { apiKey, keyId } = await storeApiKey(database.db, { ...key, expiresAt }, now);
  const entries = async () => {
    const found = await database.db.collection(paths.audit(companyId)).get();
    return found.docs
      .map((doc) => StoredEntry.parse(doc.data()).entry)
      .filter(({ action }) => action === 'access.refused')
      .map(({ actor, result, facts }) => ({ actor, result, facts }));
  };
  return { apiKey, keyId, entries };
}

async function ask(url: string, path: string, apiKey: string): Promise<number> {
  const answer = await fetch(url + path, { headers: { authorization: `Bearer ${apiKey}` } });
  await answer.arrayBuffer();
  return answer.status;
}

it('what a key does not cover is in the log, once in ten minutes on however many instances', async () => {
  const [one, other] = [await instance(), await instance()];
  const { apiKey, keyId, entries } = await company();
  const asked = Array.from({ length: 20 }, (_, n) => ask(n % 2 === 0 ? one : other, '/v1/erase', apiKey));
  expect(new Set(await Promise.all(asked))).toEqual(new Set([403]));
  const actor = { type: 'api_key', id: keyId };
  const erase = { actor, result: 'refused', facts: { code: 'FORBIDDEN', scope: 'orders:erase' } };
  expect(await entries()).toEqual([erase]);

  await ask(one, '/v1/members', apiKey);
  expect(await ask(one, '/v1/open', apiKey)).toBe(200);
  const members = { actor, result: 'refused', facts: { code: 'FORBIDDEN', scope: 'members:write' } };
  expect(await entries()).toHaveLength(2);
  expect(await entries()).toContainEqual(members);
  at += 10 * 60_000;
  await ask(other, '/v1/erase', apiKey);
  expect(await entries()).toHaveLength(3);
});

it('a key that is over is in the log of who had it, one that is nobody’s in none', async () => {
  const url = await instance();
  const { apiKey, keyId, entries } = await company();
  const before = at;
  at += 61 * 60_000;
  expect(await ask(url, '/v1/open', apiKey)).toBe(401);
  expect(await ask(url, '/v1/open', apiKey)).toBe(401);
  const actor = { type: 'api_key', id: keyId };
  expect(await entries()).toEqual([{ actor, result: 'refused', facts: { code: 'UNAUTHENTICATED' } }]);
  const all = async () => (await database.db.collectionGroup('audit').count().get()).data().count;
  const count = await all();
  expect(await ask(url, '/v1/open', newApiKey('test'))).toBe(401);
  expect(await all()).toBe(count);
  at = before;
});

it('the answer is the same when the company is gone', async () => {
  const url = await instance();
  const { apiKey, entries } = await company(false);
  expect(await ask(url, '/v1/erase', apiKey)).toBe(403);
  expect(await entries()).toEqual([]);
  expect(lines).toEqual([]);
});
