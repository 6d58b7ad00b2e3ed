import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import type { Clock } from '../../shared/domain/time.ts';
import { exportDatabases } from '../firestore-export.ts';
import type { Flow } from '../flow.ts';
import { Refusal } from '../kms/refusal.ts';

/** How far back the service reads, in milliseconds, where nobody pays for point-in-time recovery. */
export const READABLE_PAST = 60 * 60_000;
/** Milliseconds that commits under way may take to end. */
const PATIENCE = 10_000;

/** All databases of the project as they were at one time: the folder of `exportDatabases`. */
export interface Snapshots {
  at(snapshotTime: number): Promise<string>;
  close(): Promise<void>;
}

/**
 * The emulator keeps no past, so the first export of a time takes all databases while their writes are held, and every
 * later export of the same time is cut from that. What was written between the time and the first call is in it, which
 * the service would leave out.
 */
export function openSnapshots(options: {
  firestore: () => string;
  projectId: string;
  writes: Flow;
  now: Clock;
}): Snapshots {
  const { firestore, projectId, writes, now } = options;
  const taken = new Map<number, Promise<string>>();

  /** One at a time: the first to be done lets writes go on for all. */
  let last: Promise<unknown> = Promise.resolve();

  async function take(): Promise<string> {
    writes.hold();
    const folder = await mkdtemp(join(tmpdir(), 'strongroom-snapshot-'));
    try {
      await Promise.race([writes.idle(), late()]);
      await exportDatabases(firestore(), projectId, join(folder, 'all'));
      return folder;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    } finally {
      writes.release();
    }
  }

  async function drop(time: number): Promise<void> {
    const folder = await taken.get(time)?.catch(() => undefined);
    taken.delete(time);
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }

  return {
    async at(snapshotTime) {
      for (const time of taken.keys()) if (time < now() - READABLE_PAST) await drop(time);
      const known = taken.get(snapshotTime) ?? last.then(take, take);
      last = known;
      taken.set(snapshotTime, known);
      try {
        const folder = join(await known, 'all');
        if (existsSync(folder)) return folder;
        throw new Refusal(status.INTERNAL, 'The snapshot is gone.');
      } catch (error) {
        taken.delete(snapshotTime);
        throw error;
      }
    },
    async close() {
      for (const time of [...taken.keys()]) await drop(time);
    },
  };
}

async function late(): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, PATIENCE).unref());
  throw new Refusal(status.UNAVAILABLE, 'A commit does not end.');
}
