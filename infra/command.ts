import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Config, readConfig } from '../shared/cloud/config.ts';
import type { Clock } from '../shared/domain/time.ts';

/** Arguments that a command can not be run with. The usage is printed behind it. */
export class Misuse extends Error {}

/**
 * Runs an operator's command and ends the process: 0 when it did its work, 1 with one sentence when it did not.
 * `--help` prints the usage; arguments that are not known print what is wrong with them too.
 */
export function runCommand(usage: string, work: (args: string[]) => Promise<void>): void {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    console.log(usage);
    process.exit(0);
  }
  work(args).then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(problemOf(error, usage));
      process.exit(1);
    },
  );
}

function problemOf(error: unknown, usage: string): string {
  if (!(error instanceof Error)) return 'The command failed.';
  if (error instanceof Misuse || isOfParser(error)) return [error.message, usage].filter(Boolean).join('\n');
  return error.message;
}

/** What `parseArgs` of `node:util` throws. */
function isOfParser(error: Error): boolean {
  return 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
}

/**
 * A command's surroundings come from the environment, as a function's do; on one machine from the file that `npm start`
 * leaves for the identity that the command runs as. Throws when there is neither, and what `readConfig` says is missing.
 */
export function surroundings(identity: string): Config {
  const file = resolve('.strongroom', `${identity}.env`);
  if (process.env['GOOGLE_CLOUD_PROJECT'] === undefined) {
    if (!existsSync(file))
      throw new Error('No hub runs here: start it with npm start, or name one in GOOGLE_CLOUD_PROJECT.');
    process.loadEnvFile(file);
  }
  process.env['METADATA_SERVER_DETECTION'] ??= 'none';
  return readConfig(process.env);
}

/**
 * The time that a command works at: the machine's own, and where a hub of `npm start` runs (`LOCAL_CLOCK`, the address of its
 * clock) that hub's, which may have been moved on.
 */
export async function clockOf({ production }: Pick<Config, 'production'>): Promise<Clock> {
  const url = process.env['LOCAL_CLOCK'];
  if (production || url === undefined) return Date.now;
  const { now } = (await (await fetch(url)).json()) as { now: string };
  const ahead = Date.parse(now) - Date.now();
  return () => Date.now() + ahead;
}
