import { randomBytes } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { startEmulators } from '../../local/emulators.ts';
import { openFirestore } from '../../shared/cloud/firestore.ts';

/** A database of its own on Google's emulator: the one that the suite runs, else one for this file. */
export async function openDatabase(): Promise<{ db: Firestore; projectId: string; close(): Promise<void> }> {
  const emulators = await startEmulators({ ...process.env });
  // The official client goes to the emulator by this variable, as its owner.
  process.env['FIRESTORE_EMULATOR_HOST'] = emulators.firestore.address;
  const projectId = `http-${randomBytes(6).toString('hex')}`;
  const db = openFirestore({ projectId, cloudEndpoint: undefined }, '(default)');
  return {
    db,
    projectId,
    async close() {
      await db.terminate();
      await emulators.stop();
    },
  };
}
