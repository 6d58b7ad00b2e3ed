/**
 * `npm run restore`: fills empty databases from a backup. It takes its surroundings from the environment, as a function
 * does; on one machine from the file that `npm start` leaves. `docs/runbooks/restore.md` says when and how.
 */
import { parseArgs } from 'node:util';
import { PART_NAMES, type PartName } from '../shared/backups/record.ts';
import { RestoreRefused } from '../shared/backups/restore.ts';
import { clockOf, Misuse, runCommand, surroundings } from './command.ts';
import { refuseGap } from './ledger-gap.ts';
import { removeRestored } from './remove-restored.ts';
import { restoreDeps } from './restore-deps.ts';
import { restore, type RestoreOrder, type RestoreReport } from './restore-run.ts';

const USAGE = `Usage: npm run restore -- --backup ID --into DATABASE
       npm run restore -- --remove DATABASE
  --backup ID      such as 20261125T0600Z, a folder of the bucket of backups
  --into DATABASE  (default): the hub's own databases, which have to be empty; another id makes databases beside them
  --keyring ID     take the keyring of another backup, when that of the first is purged
  --only PART      ${PART_NAMES.join(', ')}: one database alone, into (default)
  --offsite        from the offsite copies
  --dry-run        look at everything and write nothing
  --remove ID      delete the databases that --into ID made; (default) on one machine alone`;

async function main(args: string[]): Promise<void> {
  const { order, offsite, remove } = readOrder(args);
  const config = surroundings('restore');
  const now = await clockOf(config);
  const startedAt = new Date(now());
  const progress = (line: string): void => {
    console.log(`  ${line}`);
  };
  const deps = restoreDeps(config, offsite, now);
  if (remove !== undefined) {
    await removeRestored(remove, deps, progress).catch(refused);
    return;
  }
  const report = await restore(order, deps, progress).catch(refused);
  console.log(order.dryRun ? 'Nothing was written: this was a dry run.' : told(report));
  console.log(`Begun at ${startedAt.toISOString()}.`);
  if (report.replayed !== undefined) refuseGap(report.replayed);
}

function refused(error: unknown): never {
  throw error instanceof RestoreRefused ? new Error(`${error.code}: ${error.message}`) : error;
}

function readOrder(args: string[]): { order: RestoreOrder; offsite: boolean; remove: string | undefined } {
  const { values } = parseArgs({
    args,
    options: {
      backup: { type: 'string' },
      into: { type: 'string' },
      keyring: { type: 'string' },
      only: { type: 'string' },
      offsite: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      remove: { type: 'string' },
    },
  });
  const { backup = '', into = '', keyring, offsite, remove } = values;
  const only = values.only as PartName | undefined;
  const known = only === undefined || PART_NAMES.includes(only);
  if (remove !== undefined) {
    if (args.length > 2) throw new Misuse('--remove goes alone.');
  } else if (backup === '' || into === '') throw new Misuse('It needs --backup and --into.');
  if (!known) throw new Misuse(`--only takes ${PART_NAMES.join(', ')}.`);
  if (only !== undefined && into !== '(default)')
    throw new Misuse('--only goes with --into "(default)" alone.');
  return { order: { backup, into, keyring, only, dryRun: values['dry-run'] }, offsite, remove };
}

function told(report: RestoreReport): string {
  const { documents, replayed, roots } = report;
  const counted = Object.entries(documents).map(([part, count]) => `${part} ${count}`);
  const lines = [
    `Restored: ${counted.join(', ')} documents.`,
    replayed === undefined
      ? 'The staff database alone: there is no ledger to replay.'
      : `Erased again: ${replayed.ordersErased} orders, ${replayed.viewsRemoved} partners' views, ${report.companiesClosed} companies; ${replayed.tombstones} tombstones put up.`,
    `Removed, since nobody can open them: ${report.keylessRemoved} orders. Stocks counted anew: ${report.stocksRecounted}. Backups listed again: ${report.backupsRelisted}.`,
    ...(roots === undefined ? [] : [toldRoots(report)]),
    `Recovery time ${seconds(report.took)} s; recovery point ${seconds(report.loss)} s: what was written since is lost.`,
  ];
  return lines.join('\n');
}

function toldRoots(report: RestoreReport): string {
  const { roots } = report;
  if (roots === undefined) return 'Logs: nothing was compared.';
  const { root, same, since } = roots;
  const known = root === undefined ? 'no root was signed before this backup' : `root ${root}`;
  const stands = root === undefined ? '' : same ? ' is the published one' : ' IS NOT WHAT WAS PUBLISHED';
  const later =
    since.length === 0
      ? 'none was published since'
      : `${since.length} were published since, and entries that only they cover are lost`;
  return `Logs: ${known}${stands}; ${later}${nextRoot(report)}.`;
}

/** What becomes of the hub's own logs; of others nothing. */
function nextRoot({ roots, continuedAs }: RestoreReport): string {
  if (continuedAs === undefined) return '';
  if (continuedAs !== null) return `. Root ${continuedAs} says so to everyone, and logs go on behind it`;
  if (roots?.same === true && roots.since.length === 0) return '';
  return ', and no log is sealed before that is settled (checkpoint.forked)';
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

runCommand(USAGE, main);
