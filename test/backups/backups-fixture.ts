import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { plant } from '../../shared/backups/planted.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { openKeyring } from '../../shared/cloud/keyring.ts';
import { createLog } from '../../shared/cloud/log.ts';
import { createPublisher } from '../../shared/cloud/pubsub.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { openStorage } from '../../shared/cloud/storage.ts';
import { StoredBackup } from '../../shared/backups/record.ts';
import { StoredDrill } from '../../shared/backups/drill-record.ts';
import { seedDemo, seedDeps } from '../../local/seed.ts';
import { type Both, routed } from '../privacy/trade.ts';
import type { TestCloud } from '../support/cloud.ts';
import { eventually, type Market } from '../support/market.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const ROOT = resolve(import.meta.dirname, '..', '..');

/** An order that came from a shop and went to its supplier. */
export async function traded(market: Market): Promise<Both> {
  const payload = market.order();
  await market.send(payload);
  return routed(market, await market.idOf(payload.id));
}

/** `npm run restore`, as a person runs it; what it says, or why it refuses. */
export async function restoreCommand(cloud: TestCloud, id: string, ...args: string[]): Promise<string> {
  return restoreTool(cloud, '--backup', id, ...args);
}

/** The same with no arguments but these. */
export async function restoreTool(cloud: TestCloud, ...args: string[]): Promise<string> {
  const script = ['infra/restore.ts', ...args];
  const env = { ...process.env, ...cloud.envOf('restore'), METADATA_SERVER_DETECTION: 'none' };
  const run = promisify(execFile)(process.execPath, script, { cwd: ROOT, env });
  const { stdout } = await run.catch((error: unknown) => ({ stdout: (error as { stderr: string }).stderr }));
  return stdout;
}

/** Two merchants, the planted order, and a backup of the morning of a day on which a drill restores everything; its id. */
export async function readyForDrill(
  cloud: TestCloud,
  backups: ReturnType<typeof backupsOf>,
): Promise<string> {
  await seedDemo(cloud);
  const config = readConfig(cloud.envOf('plant-drill'));
  await plant({
    db: seedDeps(cloud).db,
    keyring: openKeyring(config, { now: cloud.clock.now }),
    publisher: createPublisher(config),
    log: createLog({ functionName: 'test', write: () => undefined }),
    now: cloud.clock.now,
  });
  await cloud.clock.advance(7 * DAY - (cloud.clock.now() % (7 * DAY)) + HOUR);
  return backups.make();
}

type Bucket = keyof TestCloud['backupBuckets'];

/** Looks at what backups leave behind, with every right. */
export function backupsOf(cloud: TestCloud) {
  const { db } = seedDeps(cloud);
  const storage = openStorage({ projectId: cloud.projectId, storageEndpoint: cloud.storage.url });

  async function all(): Promise<({ id: string } & StoredBackup)[]> {
    const found = await db.collection('backups').orderBy('snapshotTime').get();
    return found.docs.map((doc) => ({ id: doc.id, ...StoredBackup.parse(doc.data()) }));
  }

  async function tick(name: string): Promise<void> {
    expect(await cloud.clock.tick(name)).toBe(204);
  }

  return {
    db,
    storage,
    all,
    tick,
    async read(id: string): Promise<StoredBackup> {
      return StoredBackup.parse((await db.doc(paths.backup(id)).get()).data());
    },
    /** What came of the drill of a day. */
    async drillOn(time: number): Promise<StoredDrill> {
      const day = new Date(time).toISOString().slice(0, 10);
      return StoredDrill.parse((await db.doc(paths.drill(day)).get()).data());
    },
    async names(bucket: Bucket, prefix = ''): Promise<string[]> {
      const [files] = await storage.bucket(cloud.backupBuckets[bucket]).getFiles({ prefix });
      return files.map((file) => file.name);
    },
    /** To just after the snapshot time of what is planned; what is due then is called. */
    async toPlanned(): Promise<void> {
      const planned = (await all()).find((each) => each.state === 'planned');
      if (planned === undefined) return;
      const at = Date.parse(planned.snapshotTime);
      await cloud.clock.advance(Math.max(at - cloud.clock.now() + 1000, 0));
    },
    /** What was planned is begun, and what is written until now is in it. */
    async begin(): Promise<void> {
      await tick('backup');
      await this.toPlanned();
      await tick('backup');
    },
    /** The next backup, until its state is this one; answers its id. */
    async until(state: StoredBackup['state']): Promise<string> {
      return eventually(async () => {
        await cloud.clock.tick('offsite-copy');
        await tick('backup-check');
        const found = (await all()).filter((each) => each.state !== 'planned').at(-1);
        expect(found?.state).toBe(state);
        return found?.id ?? '';
      });
    },
    /** A good backup of everything there is now; answers its id. */
    async make(): Promise<string> {
      await this.begin();
      return this.until('good');
    },
    alerts(event: string): number {
      return cloud.lines.filter((line) => line.includes(`"event":"${event}"`) && line.includes('ALERT'))
        .length;
    },
  };
}
