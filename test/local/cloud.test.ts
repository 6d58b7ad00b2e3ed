import type { Timestamp } from '@google-cloud/firestore';
import { PubSub } from '@google-cloud/pubsub';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { DATABASES } from '../../local/firestore-export.ts';
import { type DatabaseId, openFirestore, paths } from '../../shared/cloud/firestore.ts';
import { type TestCloud, testCloud } from '../support/cloud.ts';

const KEYS = '/.well-known/jwks.json';
const HOUR = 60 * 60_000;

async function write(cloud: TestCloud, value: string): Promise<void> {
  await inBoth(cloud, async (db) => {
    await db.doc('leases/kept').set({ value });
  });
}

async function read(cloud: TestCloud): Promise<unknown[]> {
  return inBoth(cloud, async (db) => (await db.doc('leases/kept').get()).get('value') as unknown);
}

async function inBoth<T>(
  cloud: TestCloud,
  task: (db: ReturnType<typeof openFirestore>) => Promise<T>,
): Promise<T[]> {
  const config = { projectId: cloud.projectId, cloudEndpoint: cloud.doors.seed.cloudEndpoint };
  return Promise.all(
    Object.values(DATABASES).map(async (name: DatabaseId) => {
      const db = openFirestore(config, name);
      try {
        return await task(db);
      } finally {
        await db.terminate();
      }
    }),
  );
}

/** What time it is for the functions, or some minutes later: until when a challenge of theirs is good. */
async function timeOfFunctions({ baseUrl, projectId, doors }: TestCloud): Promise<number> {
  const begun = await fetch(`${baseUrl}/v1/staff/sessions/options`, { method: 'POST' });
  const { attempt } = (await begun.json()) as { attempt: string };
  const db = openFirestore({ projectId, cloudEndpoint: doors.seed.cloudEndpoint }, 'staff');
  try {
    return ((await db.doc(paths.challenge(attempt)).get()).get('expireAt') as Timestamp).toMillis();
  } finally {
    await db.terminate();
  }
}

describe('a hub on this machine', () => {
  let cloud: TestCloud;
  beforeAll(async () => {
    cloud = await testCloud({ apart: ['trust'] });
  });
  afterAll(() => cloud.stop());

  it('answers on every route', async () => {
    for (const [path, status] of [
      [KEYS, 200],
      ['/v1/openapi.json', 200],
      ['/docs', 200],
      ['/v1/orders', 401],
      ['/v1/erasures', 401],
      ['/v1/audit', 401],
      ['/webhooks/unknown', 401],
    ] as const) {
      const method = path.startsWith('/webhooks') ? 'POST' : 'GET';
      const body = method === 'POST' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {};
      const response = await fetch(cloud.baseUrl + path, { method, ...body });
      expect([path, response.status]).toEqual([path, status]);
    }
  });

  it('says 503 while a function is down, and serves it at the same address when it is back', async () => {
    const url = cloud.hosts.url('trust');
    await cloud.kill('trust');
    expect((await fetch(cloud.baseUrl + KEYS)).status).toBe(503);
    expect((await fetch(`${cloud.baseUrl}/v1/orders`)).status).toBe(401);
    await cloud.restart('trust');
    expect(cloud.hosts.url('trust')).toBe(url);
    expect((await fetch(cloud.baseUrl + KEYS)).status).toBe(200);
  });

  it('starts a process again that ended by itself', async () => {
    process.kill(cloud.hosts.pid('trust'), 'SIGKILL');
    await vi.waitFor(
      async () => {
        expect((await fetch(cloud.baseUrl + KEYS)).status).toBe(200);
      },
      { timeout: 20_000 },
    );
  });

  it('hands nothing of its own surroundings to a function', () => {
    const names = Object.keys(cloud.envOf('webhooks'));
    expect(names.filter((name) => /EMULATOR|TOKEN|HOME|PATH/.test(name))).toEqual([]);
  });

  it('has one address for each identity', () => {
    const doors = Object.values(cloud.doors);
    expect(new Set(doors.map((door) => door.cloudEndpoint)).size).toBe(doors.length);
  });

  it('moves the time of every function', async () => {
    const before = cloud.clock.now();
    await cloud.clock.advance(24 * 60 * 60_000);
    expect(cloud.clock.now() - before).toBeGreaterThanOrEqual(24 * 60 * 60_000);
    expect(await cloud.clock.tick('sweep')).toBeLessThan(300);
  });

  it('takes what is no message of ours out of the queue, by way of the dead letters', async () => {
    const client = new PubSub({
      projectId: cloud.projectId,
      apiEndpoint: cloud.emulators.pubsub.address,
      emulatorMode: true,
    });
    await client.topic('orders').publishMessage({ json: { nothing: 'of ours' } });
    await vi.waitFor(
      () => {
        const garbage = cloud.lines.filter((line) => line.includes('push.garbage'));
        expect(garbage.some((line) => line.includes('"sweep"'))).toBe(true);
        expect(garbage.filter((line) => line.includes('"route-order"'))).toHaveLength(5);
      },
      { timeout: 20_000 },
    );
    await client.close();
  });
});

describe('emulators that are stopped and started', () => {
  it('lose no document, and let requests wait meanwhile', async () => {
    const cloud = await testCloud({ ownEmulators: true });
    try {
      await write(cloud, 'before');
      const restarted = cloud.restartEmulators();
      const waiting = fetch(`${cloud.baseUrl}/v1/orders`, {
        headers: { authorization: 'Bearer sr_test_none' },
      });
      await restarted;
      expect((await waiting).status).toBe(401);
      expect(await read(cloud)).toEqual(Object.values(DATABASES).map(() => 'before'));
      await write(cloud, 'after');
      expect(await read(cloud)).toEqual(Object.values(DATABASES).map(() => 'after'));
      expect(await cloud.clock.tick('sweep')).toBeLessThan(300);
    } finally {
      await cloud.stop();
    }
  });

  it('are left alone when others use them', async () => {
    const cloud = await testCloud();
    try {
      await expect(cloud.restartEmulators()).rejects.toThrow('not ours to stop');
      expect((await fetch(cloud.baseUrl + KEYS)).status).toBe(200);
    } finally {
      await cloud.stop();
    }
  });
});

describe('data that is kept', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strongroom-data-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is there in the next run: documents, keys, the project, and the time, which was moved on', async () => {
    const first = await testCloud({ dataDir: folder });
    const keys = await (await fetch(first.baseUrl + KEYS)).json();
    await write(first, 'kept');
    await first.clock.advance(HOUR);
    const left = first.clock.now();
    await first.stop();

    const second = await testCloud({ dataDir: folder });
    try {
      expect(second.projectId).toBe(first.projectId);
      expect(await read(second)).toEqual(Object.values(DATABASES).map(() => 'kept'));
      expect(await (await fetch(second.baseUrl + KEYS)).json()).toEqual(keys);
      expect(second.clock.now()).toBeGreaterThanOrEqual(left);
      expect(await timeOfFunctions(second)).toBeGreaterThanOrEqual(left);
    } finally {
      await second.stop();
    }
  });
});
