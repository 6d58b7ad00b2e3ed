import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type DatabaseId, openFirestore } from '../shared/cloud/firestore.ts';
import { FIRESTORE, rawCall } from './local/raw-call.ts';

/**
 * The rules deny everybody everything; servers pass them by as owners, which on one machine is the door's doing. Who
 * speaks to the databases without being an owner, with or without an account of the project, gets nothing.
 */
const PROJECT = `rules-${randomBytes(6).toString('hex')}`;
const DENIED = 7;

/** What a signed-in user of an app would send. The emulator takes it unsigned. */
const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString('base64url');
const USER = `${part({ alg: 'none', typ: 'JWT' })}.${part({ sub: 'somebody', user_id: 'somebody' })}.`;
const CALLERS = [
  ['nobody', undefined],
  ['a signed-in user', USER],
] as const;

const PATHS = [
  'companies/cmp_1/orders/ord_1',
  'companies/cmp_1/audit/aud_1',
  'sealed/ord_1',
  'orderRefs/ord_1',
  'apiKeyRefs/hash',
  'recordKeys/ord_1',
  'companyKeys/cmp_1',
  'lookup/current',
  'anything/else',
];

describe.each<DatabaseId>(['(default)', 'keyring', 'staff'])('the database %s', (databaseId) => {
  const { firestore } = inject('emulators');
  const documents = `http://${firestore}/v1/projects/${PROJECT}/databases/${databaseId}/documents`;
  const database = `projects/${PROJECT}/databases/${databaseId}`;
  // Takes every plain connection for the owner's, and says so.
  const owner = openFirestore({ projectId: PROJECT, cloudEndpoint: firestore }, databaseId);

  beforeAll(() => Promise.all(PATHS.map((path) => owner.doc(path).set({ secret: true }))));
  afterAll(() => owner.terminate());

  describe.each(CALLERS)('gives %s', (_who, token) => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };

    it.each(PATHS)('nothing of %s over REST, and takes nothing for it', async (path) => {
      const url = `${documents}/${path}`;
      const body = JSON.stringify({ fields: { secret: { booleanValue: false } } });
      const statuses = await Promise.all([
        fetch(url, { headers }),
        fetch(url, { method: 'PATCH', headers, body }),
        fetch(url, { method: 'DELETE', headers }),
        fetch(`${documents}/${path.split('/').slice(0, -1).join('/')}`, { headers }),
      ]);
      expect(statuses.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
      expect((await owner.doc(path).get()).data()).toEqual({ secret: true });
    });

    it('nothing over gRPC, and takes nothing', async () => {
      const name = `${database}/documents/sealed/ord_1`;
      const update = { fields: { secret: { booleanValue: false } } };
      const parent = `${database}/documents`;
      const structuredQuery = { from: [{ collectionId: 'sealed', allDescendants: true }] };
      const calls: [method: string, request: object][] = [
        ['GetDocument', { name }],
        ['ListDocuments', { parent, collectionId: 'sealed' }],
        ['RunQuery', { parent, structuredQuery }],
        ['BatchGetDocuments', { database, documents: [name] }],
        ['Commit', { database, writes: [{ update: { ...update, name } }] }],
        ['Commit', { database, writes: [{ update: { ...update, name: name.replace('ord_1', 'new') } }] }],
        ['DeleteDocument', { name }],
      ];
      const refusals = await Promise.allSettled(
        calls.map(([method, request]) =>
          rawCall(firestore, [FIRESTORE, method], request, {
            headers: { ...headers, 'google-cloud-resource-prefix': database },
          }),
        ),
      );
      const codes = refusals.map((each) =>
        each.status === 'rejected' ? (each.reason as { code?: number }).code : 'taken',
      );
      expect(codes).toEqual(refusals.map(() => DENIED));
      expect((await owner.doc('sealed/ord_1').get()).data()).toEqual({ secret: true });
      expect((await owner.doc('sealed/new').get()).exists).toBe(false);
    });
  });
});
