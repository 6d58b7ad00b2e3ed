/**
 * `npm run bill`: charges now what was shipped, and says so in a line for each charge and a total. With `--dry-run`, what
 * would be charged, with nothing written and Stripe not asked. It takes its surroundings from the environment, as the
 * function does; on one machine from the file that `npm start` leaves.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bill } from '../shared/billing/bill.ts';
import type { BillingDeps, StoredCharge } from '../shared/billing/documents.ts';
import { previewBill } from '../shared/billing/preview.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore, paths } from '../shared/cloud/firestore.ts';
import { createLog } from '../shared/cloud/log.ts';
import { openStripe } from '../shared/cloud/stripe.ts';
import { FIXES } from '../shared/domain/billing.ts';
import { decimalText } from '../shared/domain/money.ts';

const LOCAL_ENV = resolve('.strongroom', 'bill.env');
const USAGE = `Usage: npm run bill -- [--dry-run]
  --dry-run   show what would be charged, and charge nothing
  without     charge it now; the schedule does so once a day`;
const ARGUMENTS = ['--dry-run', '--help'];
/** Characters of an argument that are repeated. */
const SHOWN = 40;
const PATIENCE_MS = 10_000;
const LOOK_MS = 250;
const NOTHING = 'nothing';

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const unknown = args.find((arg) => !ARGUMENTS.includes(arg));
  if (unknown !== undefined) {
    const said = JSON.stringify(unknown.length > SHOWN ? `${unknown.slice(0, SHOWN)}…` : unknown);
    throw new Error(`${said} means nothing here, so nothing was charged: say --dry-run or nothing at all.`);
  }
  if (args.includes('--help')) {
    console.log(USAGE);
    return;
  }
  const deps = openDeps();
  // Without the two dashes before it npm keeps the option for itself: whoever wrote it wants nothing charged.
  if (args.length > 0 || process.env['npm_config_dry_run'] === 'true') await showPreview(deps);
  else await chargeNow(deps);
}

function openDeps(): BillingDeps {
  if (process.env['GOOGLE_CLOUD_PROJECT'] === undefined) {
    if (!existsSync(LOCAL_ENV))
      throw new Error('No hub runs here: start it with npm start, and say this again.');
    process.loadEnvFile(LOCAL_ENV);
  }
  process.env['METADATA_SERVER_DETECTION'] ??= 'none';
  const config = readConfig(process.env);
  const log = createLog({ functionName: 'bill', projectId: config.projectId });
  return { db: openFirestore(config, '(default)'), stripe: openStripe(process.env), log, now: Date.now };
}

async function showPreview(deps: BillingDeps): Promise<void> {
  const totals = new Totals();
  let rows = 0;
  for await (const { partnerId, chargeId, currency, orders, amount, outcome } of previewBill(deps)) {
    rows += 1;
    const what = chargeId === null ? [] : [chargeId];
    console.log([...what, partnerId, counted(orders, 'order'), money(amount, currency), outcome].join('  '));
    if (outcome === 'would be charged') totals.add(currency, amount);
  }
  if (rows === 0) console.log('Nothing is to be charged now.');
  console.log(`Total: ${totals.text()} would be charged. Nothing was, as this is a dry run.`);
}

async function chargeNow(deps: BillingDeps): Promise<void> {
  const touched = new Map<string, string>();
  const onCharge = (supplierId: string, id: string): void => void touched.set(id, supplierId);
  if (!(await bill({ ...deps, onCharge }, { onRequest: true })))
    throw new Error(
      'Another run is at work, and nothing was charged by this one: try again in five minutes.',
    );
  const [paid, asked] = [new Totals(), new Totals()];
  const until = Date.now() + PATIENCE_MS;
  for (const [id, supplierId] of touched) {
    const charge = await chargeOnceTold(supplierId, id, until, deps);
    if (charge === undefined) continue;
    const { partnerId, currency, amount, orders } = charge;
    console.log(
      [id, partnerId, counted(orders.length, 'order'), money(amount, currency), said(charge)].join('  '),
    );
    if (charge.state === 'succeeded') paid.add(currency, amount);
    if (charge.state === 'processing') asked.add(currency, amount);
  }
  if (touched.size === 0) console.log('Nothing is to be charged now.');
  const more =
    asked.text() === NOTHING ? '' : `, and ${asked.text()} sent to Stripe, which has yet to answer`;
  console.log(`Total: ${paid.text()} charged${more}.`);
  await sayWhatIsLeft(deps);
}

/** What came of a charge is told by Stripe's event, which comes in seconds; all of them are waited for until then. */
async function chargeOnceTold(
  supplierId: string,
  id: string,
  until: number,
  { db }: BillingDeps,
): Promise<StoredCharge | undefined> {
  for (;;) {
    const found = await db.doc(paths.charge(supplierId, id)).get();
    const charge = found.data() as StoredCharge | undefined;
    if (charge?.state !== 'processing' || Date.now() >= until) return charge;
    await sleep(LOOK_MS);
  }
}

function said({ state, code, nextAttemptAt }: StoredCharge): string {
  const why = code === null ? '' : ` (${code}: ${FIXES[code]})`;
  const again = nextAttemptAt === null ? '' : `; tried again at ${nextAttemptAt}`;
  switch (state) {
    case 'succeeded':
      return 'charged';
    case 'processing':
      return 'sent to Stripe, which has yet to answer';
    case 'declined':
      return `declined${why}${again}`;
    case 'pending':
      return `not charged yet${why}${again}`;
    case 'failed':
      return `not charged, and given up${why}`;
  }
}

/** A run ends by itself before its lease does. */
async function sayWhatIsLeft(deps: BillingDeps): Promise<void> {
  for await (const { outcome, orders } of previewBill(deps)) {
    if (outcome !== 'would be charged' || orders === 0) continue;
    console.log(
      'There is more to charge than one run has time for: the schedule goes on, and so does another run.',
    );
    return;
  }
}

class Totals {
  readonly #sums = new Map<string, number>();

  add(currency: string, amount: number): void {
    this.#sums.set(currency, (this.#sums.get(currency) ?? 0) + amount);
  }

  /** `45.00 USD and 20.00 EUR`; `nothing`. */
  text(): string {
    const sums = [...this.#sums].map(([currency, amount]) => money(amount, currency));
    return sums.length === 0 ? NOTHING : sums.join(' and ');
  }
}

function money(amount: number, currency: string): string {
  return `${decimalText(amount, currency)} ${currency}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : 'The command failed.');
    process.exit(1);
  },
);
