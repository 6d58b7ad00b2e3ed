import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openFirestore } from '../../shared/cloud/firestore.ts';
import { readTogether } from '../../shared/cloud/read-together.ts';
import { keyringCloud, type KeyringCloud } from './keyring-fixture.ts';

let cloud: KeyringCloud;
let calls: number;

beforeAll(async () => {
  cloud = await keyringCloud();
  await Promise.all([1, 2, 3].map((n) => cloud.db.doc(`probes/${n}`).set({ n })));
});
beforeEach(() => {
  calls = 0;
  const match = ({ method }: { method: string }): boolean => {
    if (method === 'BatchGetDocuments') calls += 1;
    return false;
  };
  cloud.door.setFault({ match, nth: 1, when: 'before', then: 'hang' });
  cloud.door.counts.reset();
});
afterAll(() => cloud.close());

async function numbers(...ids: string[]): Promise<unknown[]> {
  const found = await Promise.all(ids.map((id) => readTogether(cloud.db.doc(`probes/${id}`))));
  return found.map((snapshot) => snapshot.get('n') as unknown);
}

describe('documents that are asked for together', () => {
  it('come in one call, each to who asked for it, missing ones too', async () => {
    expect(await numbers('3', 'none', '1', '2')).toEqual([3, undefined, 1, 2]);
    expect({ calls, reads: cloud.door.counts.snapshot().reads }).toEqual({ calls: 1, reads: 4 });
  });

  it('may be one and the same', async () => {
    expect(await numbers('2', '2', '1', '2')).toEqual([2, 2, 1, 2]);
    expect(calls).toBe(1);
  });

  it('are read anew when they are asked for later', async () => {
    expect(await numbers('1')).toEqual([1]);
    await cloud.db.doc('probes/1').set({ n: 11 });
    expect(await numbers('1')).toEqual([11]);
    expect(calls).toBe(2);
    await cloud.db.doc('probes/1').set({ n: 1 });
  });

  it('fail together', async () => {
    // The door lets nobody read another project.
    const other = openFirestore({ projectId: 'another', cloudEndpoint: cloud.door.cloudEndpoint }, 'keyring');
    const asked = ['1', '2'].map((id) => readTogether(other.doc(`probes/${id}`)));
    const settled = await Promise.allSettled(asked);
    expect(settled.map((result) => result.status)).toEqual(['rejected', 'rejected']);
  });
});
