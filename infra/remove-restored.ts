import { targetsOf } from '../shared/backups/restore.ts';
import type { FirestoreAdmin } from '../shared/cloud/firestore-admin.ts';

/**
 * Deletes the three databases that a restore filled, the copy of the keys first. The hub's own ones only on one machine, where
 * nobody has `gcloud` for it. An id of another kind is a `RestoreRefused`.
 */
export async function removeRestored(
  into: string,
  deps: { admin: Pick<FirestoreAdmin, 'deleteDatabase'>; projectId: string; production: boolean },
  say: (line: string) => void,
): Promise<void> {
  const targets = targetsOf(into, deps.projectId);
  if (targets.default === '(default)' && deps.production) {
    throw new Error('In production the hub’s own databases are deleted with gcloud alone.');
  }
  for (const part of ['keyring', 'default', 'staff'] as const) {
    await deps.admin.deleteDatabase(targets[part]);
    say(`${targets[part]} is gone`);
  }
}
