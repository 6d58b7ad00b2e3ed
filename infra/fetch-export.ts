/**
 * Fetches everything that a company has here into a folder, and checks it. Run again it goes on where it stopped.
 *
 *     npm run fetch-export -- --key sr_live_… --out DIR [--url https://…]
 *
 * The key needs the scope `export:read`; `STRONGROOM_KEY` in the environment keeps it out of the list of processes.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Misuse, runCommand } from './command.ts';
import { fetchExport } from './export-folder.ts';

const USAGE = 'Usage: npm run fetch-export -- --out DIR [--key KEY] [--url URL]';

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { key: { type: 'string' }, out: { type: 'string' }, url: { type: 'string' } },
  });
  const apiKey = values.key ?? process.env['STRONGROOM_KEY'];
  const baseUrl = (values.url ?? (await demoUrl()))?.replace(/\/$/, '');
  if (apiKey === undefined || values.out === undefined || baseUrl === undefined) throw new Misuse();
  const wait = async (ms: number): Promise<void> => {
    await sleep(ms);
  };
  const totals = await fetchExport(values.out, { baseUrl, apiKey, fetch, wait }, (so) => {
    const kept = so.kept ? ', was here already' : '';
    console.log(`  ${so.kind}: ${so.records} of about ${so.expected} (part ${so.part}${kept})`);
  });
  const told = Object.entries(totals).map(([kind, count]) => `${count} ${kind}`);
  console.log(`Done, and every signature holds: ${told.join(', ')}.`);
}

/** Of the hub that `npm start` has started here. */
async function demoUrl(): Promise<string | undefined> {
  try {
    const demo: unknown = JSON.parse(await readFile('.strongroom/demo.json', 'utf8'));
    return (demo as { baseUrl: string }).baseUrl;
  } catch {
    return undefined;
  }
}

runCommand(USAGE, main);
