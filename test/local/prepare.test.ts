import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const PREPARE = resolve(import.meta.dirname, '..', '..', 'local', 'prepare.mjs');

/** A project of its own whose one dependency is a package `node` that lies beside it: no registry is asked. */
let project: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'prepare-'));
  mkdirSync(join(project, 'local'));
  copyFileSync(PREPARE, join(project, 'local', 'prepare.mjs'));
  const runtime = join(project, 'runtime');
  mkdirSync(runtime);
  writeFileSync(join(runtime, 'node'), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`);
  chmodSync(join(runtime, 'node'), 0o755);
  writeJson('runtime/package.json', { name: 'node', version: '24.0.0', bin: { node: 'node' } });
  lock({ node: 'file:runtime' });
});

afterEach(() => {
  rmSync(project, { recursive: true, force: true });
});

describe('preparing to run a script', () => {
  it('installs what is missing, says so in one line, and does so once', async () => {
    script('console.log("ran with", process.argv.slice(2).join(","))');
    const first = await run('--port', '0');
    expect(first.code).toBe(0);
    expect(first.out.trim().split('\n')).toEqual([
      expect.stringMatching(/^Installing dependencies/),
      'ran with --port,0',
    ]);
    const second = await run();
    expect(second.out).toBe('ran with \n');
  });

  it('installs again when the lock file asks for something else', async () => {
    script('console.log("ran")');
    await run();
    mkdirSync(join(project, 'extra'));
    writeJson('extra/package.json', { name: 'extra', version: '1.0.0' });
    // npm would note the change in what it installed, which somebody else's commit does not.
    renameSync(join(project, 'node_modules'), join(project, 'aside'));
    lock({ node: 'file:runtime', extra: 'file:extra' });
    renameSync(join(project, 'aside'), join(project, 'node_modules'));
    expect((await run()).out).toMatch(/^Installing/);
  });

  it('shows what npm said when the installation fails', async () => {
    writeJson('package.json', {
      name: 'project',
      version: '1.0.0',
      dependencies: { node: 'file:elsewhere' },
    });
    const { code, err } = await run();
    expect(code).toBe(1);
    expect(err).toMatch(/npm ci failed/);
    expect(existsSync(join(project, 'node_modules', '.bin', 'node'))).toBe(false);
  });

  it('hands on the exit code of the script', async () => {
    script('process.exit(7)');
    expect((await run()).code).toBe(7);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('hands on %s and waits for the script to end', async (signal) => {
    script('');
    await run();
    script(`
      const timer = setInterval(() => {}, 1000);
      process.on('${signal}', () => { console.log('tidied up'); clearInterval(timer); process.exitCode = 3; process.disconnect(); });
      console.log('running');
    `);
    const child = start();
    const out = text(child.stdout);
    await once(child.stdout, 'data');
    child.kill(signal);
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(3);
    expect(await out).toContain('tidied up');
  });
});

function lock(dependencies: Record<string, string>): void {
  writeJson('package.json', { name: 'project', version: '1.0.0', dependencies });
  execFileSync('npm', ['install', '--package-lock-only', '--offline', '--ignore-scripts'], {
    cwd: project,
    stdio: 'ignore',
  });
}

function script(source: string): void {
  writeFileSync(join(project, 'script.mjs'), source);
}

function writeJson(name: string, value: object): void {
  writeFileSync(join(project, name), JSON.stringify(value));
}

function start(...args: string[]) {
  return spawn(process.execPath, [join(project, 'local', 'prepare.mjs'), 'script.mjs', ...args], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CI: 'true' },
  });
}

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = start(...args);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number]>,
  ]);
  return { code, out, err };
}
