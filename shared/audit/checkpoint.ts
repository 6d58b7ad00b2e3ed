import { withLease } from '../cloud/lease.ts';
import { indexEntries, type IndexDeps } from './index-entries.ts';
import { publishRoot, type PublishDeps } from './publish-root.ts';
import { sealRoot, type SealDeps } from './seal-root.ts';

export type CheckpointDeps = SealDeps & PublishDeps & Omit<IndexDeps, 'inTime'>;

const LEASE = 5 * 60_000;
/** No page is begun after this, so that a tick is over before its lease is. */
const WORKING_TIME = 4 * 60_000;

/**
 * One tick: every new entry gets its index, and all companies' heads go under one signed root, in quiet times too.
 * Each step is a transaction that finds what the one before has left, so a tick that died is gone on with by the next.
 */
export async function checkpoint(deps: CheckpointDeps): Promise<void> {
  await withLease(deps, 'checkpoint', LEASE, () => sealNew(deps));
}

/** The same without a lease: two at once do no harm. */
export async function sealNew(deps: CheckpointDeps): Promise<void> {
  const end = deps.now() + WORKING_TIME;
  const inTime = (): boolean => deps.now() < end;
  await publishRoot(deps);
  await indexEntries({ ...deps, inTime });
  let more = true;
  while (more && inTime()) {
    more = await sealRoot(deps);
    await publishRoot(deps);
  }
}
