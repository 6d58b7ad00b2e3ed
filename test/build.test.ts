import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { signedOrder } from '../bench/orders.ts';
import { shoot } from '../bench/load.ts';
import { bundleFunction } from '../infra/bundle.ts';
import type { DemoFile } from '../local/demo-file.ts';
import { freePort } from '../local/leash.ts';
import { seedDemo } from '../local/seed.ts';
import { type TestCloud, testCloud } from './support/cloud.ts';
import { eventually } from './support/market.ts';

const ROOT = resolve(import.meta.dirname, '..');
const COMMAND_LINE = join(ROOT, 'node_modules/@google-cloud/functions-framework/build/src/main.js');

let cloud: TestCloud;
let demo: DemoFile;
let scratch: string;
let folder: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'strongroom-build-'));
  folder = join(scratch, 'webhooks');
  const bundled = Promise.all(
    (['webhooks', 'accounts'] as const).map((name) =>
      bundleFunction({ name, file: join(ROOT, `functions/${name}.ts`), folder: join(scratch, name) }),
    ),
  );
  cloud = await testCloud();
  demo = await seedDemo(cloud);
  await bundled;
});
afterAll(async () => {
  await cloud.stop();
  await rm(scratch, { recursive: true, force: true });
});

/** Runs Node with these arguments as a platform would, and answers the port once the function listens. */
async function started(
  args: string[],
  env: Record<string, string> = {},
  name: 'webhooks' | 'accounts' = 'webhooks',
): Promise<number> {
  const port = await freePort();
  const child: ChildProcess = spawn(process.execPath, args, {
    // Nothing of this repository can be found from there.
    cwd: join(scratch, name),
    env: {
      ...cloud.envOf(name),
      METADATA_SERVER_DETECTION: 'none',
      PORT: String(port),
      ...env,
    },
    stdio: 'ignore',
  });
  onTestFinished(async () => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  });
  await eventually(async () => {
    expect(await shoot(port, { method: 'GET', path: '/' })).toBe(404);
  });
  return port;
}

function manifest(): { main: string; scripts: { start: string }; engines: { node: string } } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as ReturnType<typeof manifest>;
}

describe('a bundle', () => {
  it('is started by its own package, with nothing installed, and stores a signed order', async () => {
    const [node, ...args] = manifest().scripts.start.split(' ');
    expect(node).toBe('node');
    const port = await started(args);
    expect(await shoot(port, signedOrder(demo))).toBe(200);
    expect(await shoot(port, { ...signedOrder(demo), body: Buffer.from('{}') })).toBe(401);
  });

  it("is loaded by functions-framework's own command line", async () => {
    const port = await started([COMMAND_LINE, `--source=${folder}`], { FUNCTION_TARGET: 'webhooks' });
    expect(await shoot(port, signedOrder(demo))).toBe(200);
  });

  it('is production whatever the environment says, and repeats nothing of a body that is no JSON', async () => {
    const [, ...args] = manifest().scripts.start.split(' ');
    expect(readFileSync(join(folder, manifest().main), 'utf8')).toMatch(
      /process\.env\.NODE_ENV ?= ?"production"|process\.env\["NODE_ENV"\] ?= ?"production"/,
    );
    const port = await started(args, { NODE_ENV: 'development' });
    const answer = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"canary',
    });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.text()).not.toMatch(/canary|SyntaxError|node_modules/);
  });

  it('takes native code along: a password is checked with nothing installed', async () => {
    const port = await started(
      manifest().scripts.start.split(' ').slice(1, -1).concat('--target=accounts'),
      {},
      'accounts',
    );
    const { email, password } = demo.retailer;
    const signIn = (typed: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/v1/sessions`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ email, password: typed }),
      });
    expect((await signIn(password)).status).toBe(201);
    expect((await signIn(`${password}!`)).status).toBe(401);
  });

  it('names its Node, and has its code compiled and its source map beside it', () => {
    expect(manifest()).toMatchObject({ main: 'index.cjs', engines: { node: process.versions.node } });
    const image = readFileSync(join(folder, 'Dockerfile'), 'utf8');
    expect(image).toContain(`FROM node:${process.versions.node}-`);
    const [, command = ''] = /^CMD (.+)$/m.exec(image) ?? [];
    expect((JSON.parse(command) as string[]).join(' ')).toBe(manifest().scripts.start);
    for (const file of ['function.cjs', 'function.cjs.cache', 'function.cjs.map']) {
      expect(existsSync(join(folder, file)), file).toBe(true);
    }
  });
});
