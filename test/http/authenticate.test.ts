import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiKeyHash, newApiKey } from '../../shared/domain/api-key.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { createAuthenticator, storeApiKey } from '../../shared/http/authenticate.ts';
import { openDatabase } from './database.ts';

let database: Awaited<ReturnType<typeof openDatabase>>;
beforeAll(async () => {
  database = await openDatabase();
});
afterAll(() => database.close());

const start = Date.UTC(2026, 10, 23);
const refused: unknown = expect.objectContaining({
  code: 'UNAUTHENTICATED',
  message: 'The request carries no valid credential',
});

async function company(expiresAt: string | null = null) {
  const clock = { at: start };
  const companyId = randomId('company');
  const stored = await storeApiKey(
    database.db,
    { companyId, mode: 'test', name: 'A key', scopes: ['orders:read'], expiresAt },
    () => clock.at,
  );
  const authenticate = createAuthenticator({ db: database.db, now: () => clock.at });
  return {
    clock,
    companyId,
    ...stored,
    authenticate,
    ref: database.db.doc(`apiKeyRefs/${apiKeyHash(stored.apiKey)}`),
  };
}

describe('a bearer of an API key', () => {
  it('is the company, the key and the scopes that were stored', async () => {
    const { authenticate, apiKey, companyId, keyId } = await company();
    expect(await authenticate(`Bearer ${apiKey}`)).toEqual({
      companyId,
      mode: 'test',
      actor: { type: 'api_key', id: keyId },
      scopes: ['orders:read'],
    });
    expect(await authenticate(`bearer ${apiKey}`)).toMatchObject({ companyId });
  });

  it('is refused in the same words whatever is wrong', async () => {
    const { authenticate, apiKey } = await company();
    const wrong = [
      undefined,
      '',
      'Bearer',
      apiKey,
      `Basic ${apiKey}`,
      `Bearer ${apiKey.slice(0, -1)}`,
      `Bearer ${apiKey}, Bearer ${apiKey}`,
      `Bearer ${newApiKey('test')}`,
      `Bearer ${newApiKey('live')}`,
      `Bearer ../companies/${'x'.repeat(500)}`,
    ];
    for (const header of wrong) await expect(authenticate(header)).rejects.toThrow(refused);
  });

  it('is refused from the moment the key expires, although the key is remembered', async () => {
    const { authenticate, apiKey, clock } = await company('2026-11-23T00:00:10.000Z');
    await authenticate(`Bearer ${apiKey}`);
    clock.at = start + 9_999;
    await authenticate(`Bearer ${apiKey}`);
    clock.at = start + 10_000;
    await expect(authenticate(`Bearer ${apiKey}`)).rejects.toThrow(refused);
  });

  it('is refused within half a minute of the key being revoked, and at once elsewhere', async () => {
    const { authenticate, apiKey, clock, ref } = await company();
    await authenticate(`Bearer ${apiKey}`);
    await ref.update({ revokedAt: '2026-11-23T00:00:00.000Z' });
    clock.at = start + 30_000;
    await expect(authenticate(`Bearer ${apiKey}`)).rejects.toThrow(refused);
    const elsewhere = createAuthenticator({ db: database.db, now: () => start });
    await expect(elsewhere(`Bearer ${apiKey}`)).rejects.toThrow(refused);
  });

  it('is refused when the key is stored for the other mode', async () => {
    const { authenticate, apiKey, ref } = await company();
    await ref.update({ mode: 'live' });
    await expect(authenticate(`Bearer ${apiKey}`)).rejects.toThrow(refused);
  });

  it('is let in as soon as a key exists that did not exist before', async () => {
    const { authenticate, apiKey, ref } = await company();
    const stored = await ref.get();
    await ref.delete();
    await expect(authenticate(`Bearer ${apiKey}`)).rejects.toThrow(refused);
    await ref.create(stored.data() ?? {});
    await expect(authenticate(`Bearer ${apiKey}`)).resolves.toBeDefined();
  });
});

describe('what is stored of a key', () => {
  it('does not hold the key', async () => {
    const { apiKey, companyId, keyId, ref } = await company();
    const shown = await database.db.doc(`companies/${companyId}/apiKeys/${keyId}`).get();
    const stored = JSON.stringify([(await ref.get()).data(), shown.data()]);
    expect(stored).not.toContain(apiKey.slice(12));
    expect(shown.data()).toMatchObject({ name: 'A key', prefix: apiKey.slice(0, 12) });
  });
});
