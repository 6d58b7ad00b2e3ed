import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Behind, fresh, openBehind, openDoor } from './door-fixture.ts';
import { encoded, FIRESTORE, KMS, PUBLISHER, rawCall } from './raw-call.ts';

const DENIED = { code: status.PERMISSION_DENIED };

let behind: Behind;
beforeAll(async () => {
  behind = await openBehind();
});
afterAll(() => behind.stop());

function database(name: '(default)' | 'keyring'): string {
  return `projects/${behind.cloud.projectId}/databases/${name}`;
}

function document(name: '(default)' | 'keyring', path: string): string {
  return `${database(name)}/documents/${path}`;
}

describe('a door refuses', () => {
  it('a commit to (default) that smuggles in a document of keyring, whatever kind of write names it', async () => {
    const { door } = await openDoor(behind, 'audit');
    const name = document('keyring', 'recordKeys/x');
    const smuggled = [{ update: { name } }, { delete: name }, { transform: { document: name } }];
    for (const write of smuggled) {
      const request = { database: database('(default)'), writes: [write] };
      await expect(rawCall(door.cloudEndpoint, [FIRESTORE, 'Commit'], request)).rejects.toMatchObject({
        ...DENIED,
        details: 'Missing or insufficient permissions.',
      });
    }
  });

  it('a read of (default) that names a document of keyring beside its own', async () => {
    const { door } = await openDoor(behind, 'audit');
    const request = {
      database: database('(default)'),
      documents: [document('(default)', 'companies/a'), document('keyring', 'recordKeys/x')],
    };
    await expect(
      rawCall(door.cloudEndpoint, [FIRESTORE, 'BatchGetDocuments'], request),
    ).rejects.toMatchObject(DENIED);
  });

  it('a body that names keyring under headers that name (default)', async () => {
    const { door } = await openDoor(behind, 'audit');
    const headers = {
      'google-cloud-resource-prefix': database('(default)'),
      'x-goog-request-params': `database=${encodeURIComponent(database('(default)'))}`,
    };
    const request = { parent: document('keyring', '').slice(0, -1) };
    await expect(
      rawCall(door.cloudEndpoint, [FIRESTORE, 'ListCollectionIds'], request, { headers }),
    ).rejects.toMatchObject(DENIED);
  });

  it('to let headers that name keyring change what a body that names (default) reads', async () => {
    const seed = await openDoor(behind, 'seed');
    const id = fresh();
    await seed.firestore('keyring').doc(`probes/${id}`).set({ secret: true });
    const { door } = await openDoor(behind, 'audit');
    const headers = {
      'google-cloud-resource-prefix': database('keyring'),
      'x-goog-request-params': `database=${encodeURIComponent(database('keyring'))}`,
    };
    const name = document('(default)', `probes/${id}`);
    const request = { database: database('(default)'), documents: [name] };
    const answer = await rawCall(door.cloudEndpoint, [FIRESTORE, 'BatchGetDocuments'], request, { headers });
    expect(answer).toMatchObject([{ missing: name }]);
  });

  it('a write that names two documents, of which a service takes the last', async () => {
    const { door } = await openDoor(behind, 'sweep');
    const writes = [{ update: { name: document('(default)', 'a/b') }, delete: document('keyring', 'a/b') }];
    const request = encoded(FIRESTORE, 'Commit', { database: database('(default)'), writes });
    await expect(rawCall(door.cloudEndpoint, [FIRESTORE, 'Commit'], request)).rejects.toMatchObject(DENIED);
  });

  it('the other databases, projects and look-alikes of a name that is granted', async () => {
    const { door } = await openDoor(behind, 'audit');
    const { projectId } = behind.cloud;
    const parents = [
      '',
      `projects/${projectId}/databases/(default)x/documents`,
      `projects/${projectId}x/databases/(default)/documents`,
      `/projects/${projectId}/databases/(default)/documents`,
      `projects/${projectId}/databases//documents`,
    ];
    for (const parent of parents) {
      await expect(
        rawCall(door.cloudEndpoint, [FIRESTORE, 'ListCollectionIds'], { parent }),
        parent,
      ).rejects.toMatchObject(DENIED);
    }
  });

  it('a compressed request for what is not granted, and reads a compressed one for what is', async () => {
    const { door } = await openDoor(behind, 'audit');
    const ask = (name: '(default)' | 'keyring') =>
      rawCall(
        door.cloudEndpoint,
        [FIRESTORE, 'ListCollectionIds'],
        { parent: `${database(name)}/documents` },
        { gzip: true },
      );
    await expect(ask('keyring')).rejects.toMatchObject(DENIED);
    await expect(ask('(default)')).resolves.toHaveLength(1);
  });

  it('writing, to the log', async () => {
    const { door, firestore } = await openDoor(behind, 'audit');
    await expect(firestore('(default)').doc('companies/a').set({})).rejects.toMatchObject(DENIED);
    const writes = [{ update: { name: document('(default)', 'companies/a') } }];
    await expect(
      rawCall(door.cloudEndpoint, [FIRESTORE, 'BatchWrite'], { database: database('(default)'), writes }),
    ).rejects.toMatchObject(DENIED);
  });

  it('decrypting, to the eraser, in the words of the service', async () => {
    const { kms } = await openDoor(behind, 'erase');
    const name = behind.cloud.kms.tenantKek;
    await expect(kms.decrypt({ name, ciphertext: behind.wrapped })).rejects.toMatchObject({
      ...DENIED,
      details: `Permission 'cloudkms.cryptoKeyVersions.useToDecrypt' denied on resource '${name}' (or it may not exist).`,
    });
  });

  it('a look-alike of a key that is granted', async () => {
    const { kms } = await openDoor(behind, 'orders');
    const name = `${behind.cloud.kms.tenantKek}-2`;
    await expect(kms.decrypt({ name, ciphertext: behind.wrapped })).rejects.toMatchObject(DENIED);
  });

  it('every document, to the trust page', async () => {
    const { door } = await openDoor(behind, 'trust');
    for (const name of ['(default)', 'keyring'] as const) {
      const request = { database: database(name), documents: [document(name, 'a/b')] };
      await expect(
        rawCall(door.cloudEndpoint, [FIRESTORE, 'BatchGetDocuments'], request),
      ).rejects.toMatchObject(DENIED);
    }
  });

  it('a topic of another project', async () => {
    const { door } = await openDoor(behind, 'webhooks');
    const request = { topic: `projects/${behind.cloud.projectId}x/topics/orders`, messages: [{}] };
    await expect(rawCall(door.cloudEndpoint, [PUBLISHER, 'Publish'], request)).rejects.toMatchObject({
      ...DENIED,
      details: 'User not authorized to perform this action.',
    });
  });

  it.each([
    [FIRESTORE, 'DeleteDocument', () => ({ name: document('(default)', 'a/b') })],
    [FIRESTORE, 'Write', () => ({ database: database('(default)') })],
    [KMS, 'RawDecrypt', () => ({ name: behind.cloud.kms.tenantKek })],
  ] as const)('what no role includes, to everybody: %s/%s', async (service, method, request) => {
    const { door } = await openDoor(behind, 'seed');
    await expect(rawCall(door.cloudEndpoint, [service, method], request())).rejects.toMatchObject(DENIED);
  });

  it('paths of Cloud Storage that are not plainly one of its calls', async () => {
    const { door } = await openDoor(behind, 'seed');
    const bucket = behind.cloud.ledgerBucket;
    const paths = [
      '/',
      `/storage/v1/b/${bucket}/../other/o`,
      `/storage/v1/b/%2e%2e/o`,
      `/storage/v1/b/${bucket}/o/a/copyTo/b/other/o/a`,
      `/storage/v1/b/${bucket}/iam`,
    ];
    for (const path of paths) {
      const answer = await fetch(`${door.storageEndpoint}${path}`, { method: 'POST' });
      expect(answer.status, path).toBe(403);
      expect(await answer.json(), path).toMatchObject({
        error: { code: 403, errors: [{ reason: 'forbidden' }] },
      });
    }
  });

  it('every bucket but the ledger, to the eraser', async () => {
    const { storage } = await openDoor(behind, 'erase');
    const file = storage.bucket(`${behind.cloud.ledgerBucket}-2`).file('a');
    await expect(file.save('{}', { resumable: false })).rejects.toMatchObject({ code: 403 });
  });
});
