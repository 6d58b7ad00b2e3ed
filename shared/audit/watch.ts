import type { Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { Log } from '../cloud/log.ts';
import type { Clock } from '../domain/time.ts';
import { StoredState } from './tree-documents.ts';

/** Three ticks of the checkpoint, in milliseconds. */
const LATE = 15 * 60_000;

/** Alarms when there was no root for a quarter of an hour: whoever seals can not tell that itself when it is dead. */
export async function watchCheckpoint(deps: { db: Firestore; log: Log; now: Clock }): Promise<void> {
  const state = StoredState.safeParse((await deps.db.doc(paths.rootTree('state')).get()).data());
  if (state.success && deps.now() - Date.parse(state.data.at) > LATE) deps.log.checkpointLate();
}
