/**
 * Runs a script of the project under the project's own Node, after installing what is missing.
 *
 *     node local/prepare.mjs local/start.ts --port 9000
 *
 * This file is plain JavaScript and uses only what Node 20 brings, because on a fresh clone nothing else is there.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const node = join(root, 'node_modules', '.bin', 'node');

if (!isInstalled()) install();
run(process.argv.slice(2));

/** npm leaves a copy of the lock file, less the root package, in what it installed: the two are compared. */
function isInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(node) || !existsSync(installed)) return false;
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const present = packagesOf(installed);
  return Object.entries(wanted).every(
    ([path, { version, optional, peer }]) =>
      path === '' ||
      optional === true ||
      peer === true ||
      (path in present && present[path].version === version),
  );
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    return {};
  }
}

function install() {
  console.log('Installing dependencies (npm ci), about a minute the first time …');
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    // npm itself must run under the Node that it came with, not under the one that it is about to replace.
    env: { ...process.env, NODE_ENV: 'development' },
  });
  if (npm.status === 0) return;
  process.stderr.write(`${npm.stdout ?? ''}${npm.stderr ?? ''}`);
  console.error(`npm ci failed${npm.error ? `: ${npm.error.message}` : ''}. See above, then try again.`);
  process.exit(1);
}

function run([script = '', ...args]) {
  // The channel tells the script that this process is gone, however it went.
  const child = spawn(node, [resolve(root, script), ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile') },
  });
  // A terminal signals the whole group, so a script may see one Ctrl-C twice and has to take it as one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  stopWithNpm(child);
  child.on('error', (error) => {
    console.error(`Could not run ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
}

/** npm that is told to end takes only its shell along: this process notices that its parent is another one. */
function stopWithNpm(child) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || child.kill('SIGTERM'), 250).unref();
}
