/** `npm run clock -- 6h`: moves the time of the hub that `npm start` runs here, or holds its schedules. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

const USAGE = `Usage: npm run clock -- TIME | hold | go
  TIME   such as 15m, 6h or 1d: how far the hub's time moves on. What falls due meanwhile is done.
  hold   pauses all schedules, as one does before a restore
  go     resumes them`;

const MINUTE = 60_000;
/** So much is asked for at once: the hub moves on by a quarter of an hour at most, and takes no more than a month. */
const AT_ONCE = 24 * 60 * MINUTE;
const UNITS: Readonly<Record<string, number>> = { m: MINUTE, h: 60 * MINUTE, d: 24 * 60 * MINUTE };

async function main(args: string[]): Promise<void> {
  if (args.length === 1 && (args[0] === 'hold' || args[0] === 'go')) {
    await hold(args[0] === 'hold');
    return;
  }
  const [, count = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(args[0] ?? '') ?? [];
  const ms = Number(count) * (UNITS[unit] ?? 0);
  if (args.length !== 1 || ms === 0) throw new Error(USAGE);
  const url = await door();
  for (let left = ms; left > 0;) {
    const response = await fetch(url, {
      method: 'POST',
      body: JSON.stringify({ ms: Math.min(left, AT_ONCE) }),
    });
    const said = (await response.json()) as { now?: string; moved?: number; detail?: string };
    if (said.now === undefined || said.moved === undefined)
      throw new Error(said.detail ?? 'The clock did not move.');
    console.log(`  ${said.now}`);
    left -= said.moved;
  }
}

async function hold(held: boolean): Promise<void> {
  const response = await fetch(await door(), { method: 'POST', body: JSON.stringify({ held }) });
  if (!response.ok) throw new Error('The clock did not do it.');
  console.log(held ? '  All schedules are paused.' : '  All schedules go on.');
}

async function door(): Promise<string> {
  try {
    const { url } = JSON.parse(await readFile(resolve('.strongroom', 'clock.json'), 'utf8')) as {
      url: string;
    };
    return url;
  } catch {
    throw new Error('No hub runs here: start it first, with npm start.');
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : 'The clock did not move.');
    process.exit(1);
  },
);
