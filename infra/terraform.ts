/** `npm run terraform`: what the hub is made of on Google Cloud, as Terraform reads it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Misuse, runCommand } from './command.ts';
import { commandsOf, plansOf } from './terraform/plans.ts';
import { Settings } from './terraform/settings.ts';

const USAGE = `Usage: npm run terraform -- SETTINGS.json --out DIR

Writes DIR/base/main.tf.json (databases, keys, buckets, topics, identities and their rights) and DIR/serve/main.tf.json
(functions, what calls them, the load balancer, alarms), and the environment of each operator's command in DIR/commands.
docs/runbooks/deploy.md says what to do with them.`;

runCommand(USAGE, async (args) => {
  const { values, positionals } = parseArgs({
    args,
    options: { out: { type: 'string' } },
    allowPositionals: true,
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0 || values.out === undefined) {
    throw new Misuse('Name one file of settings, and where to write.');
  }
  const settings = await readSettings(file);
  for (const [name, json] of Object.entries(plansOf(settings))) {
    await write(join(values.out, name, 'main.tf.json'), `${JSON.stringify(json, null, 2)}\n`);
  }
  for (const [name, lines] of Object.entries(commandsOf(settings))) {
    await write(join(values.out, 'commands', `${name}.env`), lines);
  }
});

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  console.log(file);
}

async function readSettings(file: string): Promise<Settings> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Error(`${file} can not be read.`);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error(`${file} is not JSON.`);
  }
  const parsed = Settings.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`);
  throw new Error(`${file} can not be used.\n${problems.join('\n')}`);
}
