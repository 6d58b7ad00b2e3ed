import { expect } from 'vitest';
import { paths } from '../../shared/cloud/firestore.ts';
import { openStorage } from '../../shared/cloud/storage.ts';
import { StoredBackup } from '../../shared/backups/record.ts';
import { seedDeps } from '../../local/seed.ts';
import type { TestCloud } from '../support/cloud.ts';
import { eventually } from '../support/market.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

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
