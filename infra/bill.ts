/**
 * `npm run bill`: charges now what was shipped, and says so in a line for each charge and a total. With `--dry-run`, what
 * would be charged, with nothing written and Stripe not asked. It takes its surroundings from the environment, as the
 * function does; on one machine from the file that `npm start` leaves.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { bill } from '../shared/billing/bill.ts';
import type { BillingDeps, StoredCharge } from '../shared/billing/documents.ts';
import { previewBill } from '../shared/billing/preview.ts';
import { openFirestore, paths } from '../shared/cloud/firestore.ts';
import { createLog } from '../shared/cloud/log.ts';
import { openStripe } from '../shared/cloud/stripe.ts';
import { FIXES } from '../shared/domain/billing.ts';
import { decimalText } from '../shared/domain/money.ts';
import { clockOf, Misuse, runCommand, surroundings } from './command.ts';

const USAGE = `Usage: npm run bill -- [--dry-run]
  --dry-run   show what would be charged, and charge nothing
  without     charge it now; the schedule does so once a day`;
/** Characters of an argument that are repeated. */
const SHOWN = 40;
const PATIENCE_MS = 10_000;
const LOOK_MS = 250;
const NOTHING = 'nothing';

async function main(args: string[]): Promise<void> {
  const unknown = args.find((arg) => arg !== '--dry-run');
  if (unknown !== undefined) {
    const said = JSON.stringify(unknown.length > SHOWN ? `${unknown.slice(0, SHOWN)}…` : unknown);
    throw new Misuse(`${said} means nothing here, so nothing was charged.`);
  }
  const config = surroundings('bill');
  const log = createLog({ functionName: 'bill', projectId: config.projectId });
  const db = openFirestore(config, '(default)');
  const deps: BillingDeps = { db, stripe: openStripe(process.env), log, now: await clockOf(config) };
  // Without the two dashes before it npm keeps the option for itself: whoever wrote it wants nothing charged.
  if (args.length > 0 || process.env['npm_config_dry_run'] === 'true') await showPreview(deps);
  else await chargeNow(deps);
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

runCommand(USAGE, main);
