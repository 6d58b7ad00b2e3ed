import { compareRoots, type ComparedRoots } from '../shared/audit/compare-roots.ts';
import { continueRoots } from '../shared/audit/continue-roots.ts';
import { holdWork, letWork } from '../shared/backups/hold-work.ts';
import { besideMark } from '../shared/backups/keyring-copies.ts';
import type { Manifest } from '../shared/backups/manifest.ts';
import { type PartName, PARTS } from '../shared/backups/record.ts';
import { type RelistDeps, relistBackups } from '../shared/backups/relist.ts';
import {
  compareCounts,
  compareObjects,
  importPart,
  type ImportDeps,
  makeDatabase,
  readManifest,
  refuseFull,
  RestoreRefused,
  type Source,
  targetsOf,
} from '../shared/backups/restore.ts';
import type { BackupBucket } from '../shared/cloud/backup-buckets.ts';
import { createKeyring, type Keyring } from '../shared/cloud/keyring.ts';
import type { Kms } from '../shared/cloud/kms.ts';
import type { Ledger } from '../shared/cloud/storage.ts';
import type { WriteOnce } from '../shared/cloud/write-once.ts';
import { randomId } from '../shared/domain/ids.ts';
import { type Clock, timestamp } from '../shared/domain/time.ts';
import { removeKeyless } from '../shared/orders/remove-keyless.ts';
import { type Replayed, replayLedger } from '../shared/orders/replay-ledger.ts';
import { replayClosings } from '../shared/ownership/replay-closings.ts';
import { recountStock } from '../shared/stock/recount.ts';

export interface RestoreOrder {
  backup: string;
  /** `(default)`: the hub's own databases; any other id: beside them. Full names too. */
  into: string;
  /** Another backup, of which the keyring is taken. */
  keyring: string | undefined;
  /** One database alone. */
  only: PartName | undefined;
  dryRun: boolean;
}

export interface RestoreDeps extends ImportDeps {
  source: Source;
  /** Of the live keyring's backups, by which certificates know of copies. */
  marks: Pick<BackupBucket, 'mark'>;
  /** The hub's own bucket of exports, wherever the restore reads. */
  own: Pick<RelistDeps, 'backups' | 'manifests'>;
  kms: Kms;
  ledger: Ledger;
  roots: Pick<WriteOnce, 'get'>;
  now: Clock;
  /** The hub's own address, which signed roots name. */
  issuer: string;
}

export interface RestoreReport {
  documents: Partial<Record<PartName, number>>;
  replayed: Replayed | undefined;
  companiesClosed: number;
  keylessRemoved: number;
  stocksRecounted: number;
  /** Backups that the restored database did not know of as they are. */
  backupsRelisted: number;
  roots: ComparedRoots | undefined;
  /** The root that will say that the logs were restored; null: none does; undefined: these are not the hub's own logs. */
  continuedAs: number | null | undefined;
  /** Milliseconds that the restore took. */
  took: number;
  /** How old the snapshot was when the restore began, in milliseconds: what was written since is lost. */
  loss: number;
}

interface Step {
  part: PartName;
  into: string;
  manifest: Manifest;
}

const HOUR = 60 * 60_000;
/** The keyring last: until it is there nothing that is restored can be opened. */
const ORDER: readonly PartName[] = ['default', 'staff', 'keyring'];

/**
 * Refuses or restores: looks at everything before it writes, imports, compares counts, replays the erasure ledger, removes
 * what can not be opened and rebuilds what is derived. `RestoreRefused` says what stands in the way.
 */
export async function restore(
  order: RestoreOrder,
  deps: RestoreDeps,
  say: (line: string) => void,
): Promise<RestoreReport> {
  const startedAt = deps.now();
  const steps = await prepare(order, deps, say);
  const snapshot = steps
    .map(({ manifest }) => Date.parse(manifest.snapshotTime))
    .reduce((a, b) => Math.min(a, b));
  const report: RestoreReport = {
    ...{ documents: {}, replayed: undefined, companiesClosed: 0, keylessRemoved: 0, stocksRecounted: 0 },
    ...{ backupsRelisted: 0, roots: undefined, continuedAs: undefined, took: 0, loss: startedAt - snapshot },
  };
  if (!order.dryRun) {
    await carryOut(steps, targetsOf(order.into, deps.projectId), report, deps, say);
  }
  return { ...report, took: deps.now() - startedAt };
}

/** All that can be known beforehand; nothing is written. */
async function prepare(order: RestoreOrder, deps: RestoreDeps, say: (line: string) => void): Promise<Step[]> {
  const targets = targetsOf(order.into, deps.projectId);
  const steps: Step[] = [];
  for (const part of ORDER.filter((each) => order.only === undefined || each === order.only)) {
    const id = part === 'keyring' ? (order.keyring ?? order.backup) : order.backup;
    const manifest = await readManifest(id, deps.source, deps);
    await refuseFull(targets[part], deps);
    await compareObjects(manifest, part, deps.source);
    const { documents, bytes } = manifest.parts[part];
    say(
      `${part} of ${id} (${manifest.snapshotTime}) is whole: ${documents} documents, ${bytes} bytes, into ${targets[part]}`,
    );
    steps.push({ part, into: targets[part], manifest });
  }
  sayHowFarApart(steps, say);
  if (order.only !== 'staff') {
    const size = await ledgerSize(deps);
    const erasures = steps.map(({ manifest }) => manifest.counts.default['erasures'] ?? 0);
    // One that was only asked for may have none yet; whether it is this hub's ledger is known once tombstones are there.
    const odd = size === 0 && erasures.some((count) => count > 0);
    say(
      `the erasure ledger can be read: ${String(size)} entries${odd ? ', although the backup has erasures: is LEDGER_BUCKET right?' : ''}`,
    );
  }
  return steps;
}

/** A keyring that is older than the documents does not have the keys of what came in between. */
function sayHowFarApart(steps: Step[], say: (line: string) => void): void {
  const timeOf = (wanted: PartName): number =>
    Date.parse(steps.find(({ part }) => part === wanted)?.manifest.snapshotTime ?? '');
  const hours = (timeOf('default') - timeOf('keyring')) / HOUR;
  if (hours > 0)
    say(
      `the keyring is ${hours.toFixed(1)} hours older than the documents: orders of that time can not be opened, and are removed`,
    );
}

/** What is restored and can not be erased again must not be restored. */
async function ledgerSize({ ledger }: Pick<RestoreDeps, 'ledger'>): Promise<number> {
  let size = 0;
  try {
    for await (const _entry of ledger.entries()) size += 1;
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it can not be read';
    throw new RestoreRefused('LEDGER_UNREADABLE', `What was erased would come back: ${why}.`);
  }
  return size;
}

async function carryOut(
  steps: Step[],
  targets: Record<PartName, string>,
  report: RestoreReport,
  deps: RestoreDeps,
  say: (line: string) => void,
): Promise<void> {
  const db = deps.open(targets.default);
  for (const step of steps) {
    say(`importing ${step.part} …`);
    if (step.part === 'keyring' && step.into !== PARTS.keyring) await markCopy(step, deps);
    await importPart(step, deps.source, deps);
    report.documents[step.part] = await compareCounts(step, deps);
    say(
      `${step.part}: ${report.documents[step.part] ?? 0} documents, as many of each collection as were counted`,
    );
    if (step.part === 'default') await holdWork(db, deps.now);
  }
  if (steps.every(({ part }) => part === 'staff')) return;
  const keyring = createKeyring({ db: deps.open(targets.keyring), kms: deps.kms, now: deps.now });
  await takeAway(report, { ...deps, db, keyring }, say);
  await settleOwn(steps, report, { ...deps, db });
  const restored = steps.find(({ part }) => part === 'default')?.manifest.snapshotTime;
  const since =
    restored === undefined ? undefined : { restoredTo: restored, restoredAt: timestamp(deps.now) };
  await letWork(db, since);
}

/** Whoever destroys a key from now on knows of one more copy of it, until that database is deleted. */
async function markCopy(step: Step, deps: RestoreDeps): Promise<void> {
  await makeDatabase(step, deps);
  await deps.marks.mark(besideMark(step.manifest.id, step.into));
}

/**
 * Where the hub's own logs were restored they go on behind what was published, and its list of backups is what lies in the
 * bucket; otherwise logs are only looked at.
 */
async function settleOwn(
  steps: Step[],
  report: RestoreReport,
  deps: RestoreDeps & { db: ReturnType<RestoreDeps['open']> },
): Promise<void> {
  const own = steps.find(({ part, into }) => part === 'default' && into === '(default)');
  if (own === undefined) report.roots = await compareRoots(deps);
  else {
    const { compared, continuedAs } = await continueRoots(own.manifest, deps);
    report.roots = compared;
    report.continuedAs = continuedAs ?? null;
    report.backupsRelisted = await relistBackups({ db: deps.db, ...deps.own });
  }
}

/** Before any function may read. */
async function takeAway(
  report: RestoreReport,
  deps: RestoreDeps & { db: ReturnType<RestoreDeps['open']>; keyring: Keyring },
  say: (line: string) => void,
): Promise<void> {
  const acting = { actor: { type: 'system', id: null }, requestId: randomId('request') } as const;
  say('replaying the erasure ledger …');
  report.replayed = await replayLedger(acting, deps);
  report.companiesClosed = await replayClosings(deps);
  say('removing orders that nobody can open, counting stock anew …');
  report.keylessRemoved = await removeKeyless(deps);
  report.stocksRecounted = await recountStock(deps.db);
}
