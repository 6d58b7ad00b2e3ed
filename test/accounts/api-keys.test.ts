import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_KEY_SCOPES } from '../../shared/domain/api-key.ts';
import { createAuthenticator } from '../../shared/http/authenticate.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { apiKeyHash } from '../../shared/domain/api-key.ts';
import { type Account, MINUTE, type People, SECOND, startPeople } from './people.ts';

interface Key {
  id: string;
  apiKey: string;
  lastUsedAt: string | null;
}

let people: People;
let owner: Account;
beforeAll(async () => {
  people = await startPeople();
  owner = await people.owner();
});
afterAll(() => people.cloud.stop());

const make = (token: string, change: Record<string, unknown> = {}) =>
  people.ask('POST', '/v1/api-keys', {
    token,
    body: { name: 'Warehouse', scopes: ['company:read', 'orders:read'], ...change },
  });
const made = async (change: Record<string, unknown> = {}) => (await make(owner.token, change)).json as Key;
const list = async (query = '') =>
  (await people.ask('GET', `/v1/api-keys${query}`, { token: owner.token })).json as {
    data: Key[];
    next: string | null;
  };
const company = (apiKey: string) => people.ask('GET', '/v1/company', { token: apiKey });

describe('an API key', () => {
  it('is shown once, works with its scopes alone and is listed without itself', async () => {
    const answer = await make(owner.token);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('audit-entry')).toMatch(/^aud_/);
    const { apiKey, id } = answer.json as Key;
    expect(apiKey).toMatch(/^sr_test_/);
    expect((await company(apiKey)).json).toMatchObject({ id: owner.companyId });
    expect((await people.ask('GET', '/v1/audit', { token: apiKey })).status).toBe(403);
    const listed = await people.ask('GET', '/v1/api-keys', { token: owner.token });
    expect(listed.text).not.toContain(apiKey.slice(12));
    expect(listed.text).not.toContain(apiKeyHash(apiKey));
    const { data } = listed.json as { data: Key[] };
    const scopes = ['company:read', 'orders:read'];
    expect(data.find((key) => key.id === id)).toMatchObject({ prefix: apiKey.slice(0, 12), scopes });
    const log = await people.log(owner.companyId);
    expect(log.filter(({ action }) => action === 'api_key.created').length).toBe(1);
  });

  it('goes on without its maker, and shows who that was', async () => {
    const admin = await people.member(owner, 'admin');
    const { id, apiKey } = (await make(admin.token)).json as Key;
    const gone = await people.ask('DELETE', `/v1/members/${admin.memberId}`, { token: owner.token });
    expect(gone.status).toBe(204);
    expect((await company(apiKey)).status).toBe(200);
    const shown = (await list()).data.find((key) => key.id === id);
    expect(shown).toMatchObject({ createdBy: admin.memberId, revokedAt: null });
  });

  it('has no scope that its maker lacks or that is for people', async () => {
    const member = await people.member(owner, 'member');
    const reader = await people.member(owner, 'read_only');
    expect((await make(member.token)).status).toBe(403);
    expect((await make(reader.token)).status).toBe(403);
    for (const scope of ['members:write', 'api-keys:write', 'company:delete', 'no:scope']) {
      expect((await make(owner.token, { scopes: [scope] })).json).toMatchObject({ code: 'BAD_REQUEST' });
    }
    for (const change of [{ scopes: [] }, { scopes: ['orders:read', 'orders:read'] }, { name: ' ' }]) {
      expect((await make(owner.token, change)).status).toBe(400);
    }
    const admin = await people.member(owner, 'admin');
    expect((await make(admin.token, { scopes: API_KEY_SCOPES })).status).toBe(201);
  });

  it('makes, lists and revokes no keys', async () => {
    const { apiKey, id } = await made({ scopes: API_KEY_SCOPES });
    expect((await make(apiKey)).status).toBe(403);
    expect((await people.ask('GET', '/v1/api-keys', { token: apiKey })).status).toBe(403);
    expect((await people.ask('DELETE', `/v1/api-keys/${id}`, { token: apiKey })).status).toBe(403);
  });

  it('expires when it was told to, which is later than now', async () => {
    const at = (ms: number) => new Date(people.cloud.clock.now() + ms).toISOString();
    expect((await make(owner.token, { expiresAt: at(0) })).status).toBe(400);
    const { apiKey } = await made({ expiresAt: at(10 * SECOND) });
    expect((await company(apiKey)).status).toBe(200);
    await people.cloud.clock.advance(10 * SECOND);
    expect((await company(apiKey)).status).toBe(401);
  });

  it('is revoked in both of its documents, for good and within half a minute', async () => {
    const { apiKey, id } = await made();
    expect((await company(apiKey)).status).toBe(200);
    const other = await people.owner();
    expect((await people.ask('DELETE', `/v1/api-keys/${id}`, { token: other.token })).status).toBe(404);
    const revoke = () => people.ask('DELETE', `/v1/api-keys/${id}`, { token: owner.token });
    expect((await revoke()).status).toBe(204);
    expect((await revoke()).headers.get('audit-entry')).toBeNull();
    await people.cloud.clock.advance(30 * SECOND);
    expect((await company(apiKey)).status).toBe(401);
    const [ref, key] = await people.seed.db.getAll(
      people.seed.db.doc(paths.apiKeyRef(apiKeyHash(apiKey))),
      people.seed.db.doc(paths.apiKey(owner.companyId, id)),
    );
    expect(ref?.get('revokedAt')).toBe(key?.get('revokedAt'));
    expect(key?.get('revokedAt')).not.toBeNull();
  });

  it('is listed by pages, the newest first', async () => {
    const { id } = await made({ name: 'The last' });
    const first = await list('?limit=1');
    expect(first.data.map((key) => key.id)).toEqual([id]);
    const second = await list(`?limit=1&after=${first.next ?? ''}`);
    expect(second.data[0]?.id).not.toBe(id);
  });
});

describe('the last use of an API key', () => {
  it('is written by the first of all instances, at most once a minute, for no read', async () => {
    const { apiKey, id } = await made();
    const clock = { at: people.cloud.clock.now() };
    const { db } = people.seed;
    const instances = [1, 2].map(() => createAuthenticator({ db, now: () => clock.at }));
    const ref = db.doc(paths.apiKeyRef(apiKeyHash(apiKey)));
    const use = () => Promise.all(instances.map((each) => each(`Bearer ${apiKey}`)));
    const version = async () => (await ref.get()).updateTime?.valueOf();

    await use();
    expect((await list()).data.find((key) => key.id === id)?.lastUsedAt).toBe(
      new Date(clock.at).toISOString(),
    );
    const written = await version();
    clock.at += MINUTE - 1;
    await use();
    expect(await version()).toBe(written);
    clock.at += 1;
    await use();
    await use();
    expect((await ref.get()).get('lastUsedAt')).toBe(new Date(clock.at).toISOString());
  });

  it('does not undo a revocation that came in between', async () => {
    const { apiKey } = await made();
    const clock = { at: people.cloud.clock.now() };
    const { db } = people.seed;
    const authenticate = createAuthenticator({ db, now: () => clock.at });
    await authenticate(`Bearer ${apiKey}`);
    const ref = db.doc(paths.apiKeyRef(apiKeyHash(apiKey)));
    clock.at += 29 * SECOND;
    await authenticate(`Bearer ${apiKey}`);
    await ref.update({ revokedAt: '2026-11-23T00:00:00.000Z', lastUsedAt: null });
    clock.at += 1 * SECOND;
    await expect(authenticate(`Bearer ${apiKey}`)).rejects.toThrow('no valid credential');
    expect((await ref.get()).get('lastUsedAt')).toBeNull();
  });
});
