import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const run = promisify(execFile);
const COMPANY = `cmp_${'0'.repeat(26)}`;

/** The operator's commands, as `package.json` names them: `['restore', 'infra/restore.ts']`. */
function commands(): [name: string, file: string][] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  return Object.entries(scripts).flatMap(([name, script]) => {
    const file = / (infra\/[\w-]+\.ts)$/.exec(script)?.[1];
    return file === undefined || name === 'build' ? [] : [[name, file]];
  });
}

it.each([
  ['--new-version'],
  ['--census', '--company', COMPANY],
  ['--from', 'recovery', '--company', COMPANY],
])('npm run rewrap refuses %s, which would do something else than was meant', async (...args) => {
  const told = run(process.execPath, [join(ROOT, 'infra/rewrap.ts'), ...args.filter(Boolean)]);
  await expect(told).rejects.toThrow('Usage: npm run rewrap');
});

it.each(commands())('npm run %s says how it is used, and what it can not be told', async (name, file) => {
  const usage = `Usage: npm run ${name}`;
  const told = run(process.execPath, [join(ROOT, file), '--nonsense']);
  await expect(told).rejects.toMatchObject({ code: 1, stdout: '' });
  const { stderr } = (await told.catch((error: unknown) => error)) as { stderr: string };
  expect(stderr).toContain(usage);
  expect(stderr).not.toContain('    at ');
  const help = await run(process.execPath, [join(ROOT, file), '--help']);
  expect([help.stderr, help.stdout.startsWith(usage)]).toEqual(['', true]);
});
