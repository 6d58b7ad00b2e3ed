/**
 * `npm run rewrap`: moves every company key to the newest version of the KMS key, and takes the census by which a version may
 * be destroyed. `docs/runbooks/keys.md` says when and how. Surroundings come from the environment, as a function's do.
 */
import { parseArgs } from 'node:util';
import { type Census, takeCensus } from '../shared/backups/key-census.ts';
import { openBackupBuckets } from '../shared/cloud/backup-buckets.ts';
import type { Config } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { createKeyring } from '../shared/cloud/keyring.ts';
import { rewrapKeys } from '../shared/cloud/keyring-rewrap.ts';
import { createKms } from '../shared/cloud/kms.ts';
import { openWriteOnce } from '../shared/cloud/write-once.ts';
import { idSchema } from '../shared/domain/ids.ts';
import type { Clock } from '../shared/domain/time.ts';
import { renewWraps } from '../shared/orders/renew-wraps.ts';
import { renewCompanyKey, tellRenewed } from '../shared/ownership/renew-key.ts';
import { reseal } from '../shared/ownership/reseal.ts';
import { clockOf, Misuse, runCommand, surroundings } from './command.ts';

const USAGE = `Usage: npm run rewrap -- [--census | --from recovery | --company ID [--new-version]]
  (nothing)         every company key and the lookup key, by the newest version of tenant-kek
  --census          only counts which version is needed, here and in backups
  --from recovery   out of the recovery wraps, when the project of tenant-kek is lost; runs as restore
  --company ID      one company's record keys, contacts and secrets, by the newest version of its own key
  --new-version     and gives the company that version first`;

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      census: { type: 'boolean', default: false },
      from: { type: 'string' },
      company: { type: 'string' },
      'new-version': { type: 'boolean', default: false },
    },
  });
  const { from, company, census } = values;
  const newVersion = values['new-version'];
  if (newVersion && company === undefined) throw new Misuse('--new-version goes with --company.');
  if ([from !== undefined, company !== undefined, census].filter(Boolean).length > 1)
    throw new Misuse('--census, --from and --company are three different things to do.');
  if (from !== undefined && from !== 'recovery') throw new Misuse('--from takes recovery alone.');
  if (company !== undefined && !idSchema('company').safeParse(company).success)
    throw new Misuse('--company takes the id of a company.');
  const config = surroundings(from === 'recovery' ? 'restore' : 'rewrap');
  const now = await clockOf(config);
  if (company !== undefined) await renewCompany(company, newVersion, config, now);
  else if (!census) {
    // What is in use now is looked for by every later census.
    await censusOf(config, now);
    await rewrapAll(from ?? 'tenant', config);
  }
  if (company === undefined) console.log(told(await censusOf(config, now)));
}

async function rewrapAll(from: 'tenant' | 'recovery', config: Config): Promise<void> {
  const deps = { db: openFirestore(config, 'keyring'), kms: createKms(config), from };
  const so = await rewrapKeys(deps, ({ looked, rewrapped }) => {
    console.log(`  ${String(looked)} looked at, ${String(rewrapped)} wrapped anew`);
  });
  const { looked, rewrapped, passedOver } = so;
  console.log(`Wrapped by ${so.version}: ${String(rewrapped)} of ${String(looked)} documents anew.`);
  if (passedOver > 0) console.log(`${String(passedOver)} were changed meanwhile: run it again.`);
}

async function renewCompany(
  companyId: string,
  newVersion: boolean,
  config: Config,
  now: Clock,
): Promise<void> {
  const [db, keys] = [openFirestore(config, '(default)'), openFirestore(config, 'keyring')];
  const kms = createKms(config);
  const keyring = createKeyring({ db: keys, kms, now });
  if (!(await keyring.companyKeyExists(companyId))) throw new Error(`There is no key of ${companyId}.`);
  const deps = { db, keys, kms, now };
  const untold = await tellRenewed(companyId, deps);
  if (untold !== undefined) console.log(`The log tells of version ${String(untold)} now, which it did not.`);
  if (newVersion) {
    const version = await renewCompanyKey(companyId, deps);
    console.log(`The company has version ${String(version)} of its key.`);
  }
  const { looked, renewed } = await renewWraps(companyId, { db, keyring });
  console.log(`${String(renewed)} of ${String(looked)} record keys wrapped anew.`);
  const sealed = await reseal(companyId, { db, keyring });
  console.log(`${String(sealed.resealed)} of ${String(sealed.looked)} contacts and secrets sealed anew.`);
  if (renewed > 0 || sealed.resealed > 0 || newVersion)
    console.log('Run it again in ten minutes: what is in memory elsewhere wraps until then.');
}

function censusOf(config: Config, now: Clock): Promise<Census> {
  const buckets = openBackupBuckets(config, ['keyringBackups', 'offsiteKeyringBackups']);
  return takeCensus({
    keyring: openFirestore(config, 'keyring'),
    manifests: openWriteOnce(config, config.backupBuckets.backups),
    keyringBuckets: Object.values(buckets),
    now,
  });
}

function told({ versions, unknownBackups }: Census): string {
  const rows = versions.map(({ version, live, backups, zeroSince, mayBeDestroyed }) => {
    const verdict = mayBeDestroyed
      ? 'may be destroyed'
      : zeroSince === null
        ? 'needed'
        : `none since ${zeroSince}`;
    return `  ${version}: ${String(live)} live, ${String(backups)} in backups; ${verdict}`;
  });
  const unknown =
    unknownBackups.length === 0 ? [] : [`  not known yet what is in: ${unknownBackups.join(', ')}`];
  return ['Census:', ...rows, ...unknown].join('\n');
}

runCommand(USAGE, main);
