/** `npm test`: types, lint, format and the suite. With paths or other arguments: the suite alone, on those. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const ROOT = resolve(import.meta.dirname, '..');
const MODULES = join(ROOT, 'node_modules');

interface Check {
  name: string;
  script: string;
  args: string[];
}

const CHECKS: Check[] = [
  { name: 'types', script: 'typescript/bin/tsc', args: ['--noEmit'] },
  // What others run offline, and what installs the project's own Node, run on Node 20 too.
  { name: 'types on Node 20', script: 'typescript/bin/tsc', args: ['--noEmit', '-p', 'verify'] },
  {
    name: 'lint',
    script: 'eslint/bin/eslint.js',
    args: ['.', '--max-warnings', '0', '--cache', '--cache-location', join(MODULES, '.cache', 'eslint/')],
  },
  {
    name: 'format',
    script: 'prettier/bin/prettier.cjs',
    args: ['--check', '.', '--log-level', 'warn', '--cache'],
  },
];

/** The counts of vitest's JSON reporter that are used here. */
const Report = z.object({
  success: z.boolean(),
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.unknown()) })),
});

interface Counts {
  passed: number;
  failed: number;
}

const args = process.argv.slice(2);
const long = args.includes('--long');
const chosen = args.filter((arg) => arg !== '--long');

// The checks take one core after another while the suite waits for emulators most of the time.
const [suite, failedChecks] = await Promise.all([runSuite(chosen), chosen.length === 0 ? runChecks() : 0]);
const failed = suite.failed + failedChecks;
process.exitCode = failed === 0 && suite.passed > 0 ? 0 : 1;
console.log(`${suite.passed} passed, ${failed} failed`);

/** How many of the checks failed. */
async function runChecks(): Promise<number> {
  let failures = 0;
  for (const check of CHECKS) {
    const startedAt = performance.now();
    const { code, output } = await run(check.script, check.args, 'collect');
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    if (code !== 0) failures += 1;
    console.log(
      `${code === 0 ? '✓' : '✗'} ${check.name} (${seconds} s)${code === 0 ? '' : `\n${output.trimEnd()}`}`,
    );
  }
  return failures;
}

async function runSuite(more: string[]): Promise<Counts> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-test-'));
  const report = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const { code } = await run('vitest/vitest.mjs', ['run', ...reporters, ...more], 'show');
    return counts(await readFile(report, 'utf8').catch(() => undefined), code);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A file that could not be loaded, an error outside every test, or no report at all: each is a failure too. */
function counts(text: string | undefined, code: number): Counts {
  if (text === undefined) return { passed: 0, failed: 1 };
  const report = Report.parse(JSON.parse(text));
  const unloaded = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  const found = report.numFailedTests + unloaded.length;
  return { passed: report.numPassedTests, failed: found === 0 && code !== 0 ? 1 : found };
}

function run(
  script: string,
  scriptArgs: string[],
  output: 'show' | 'collect',
): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [join(MODULES, script), ...scriptArgs], {
    cwd: ROOT,
    stdio: [
      'ignore',
      ...(output === 'show' ? (['inherit', 'inherit'] as const) : (['pipe', 'pipe'] as const)),
    ],
    env: { ...process.env, ...(long ? { TEST_LONG: '1' } : {}) },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  return new Promise((settle) => {
    child.on('error', (error) => {
      settle({ code: 1, output: error.message });
    });
    child.on('close', (code) => {
      settle({ code: code ?? 1, output: said });
    });
  });
}
