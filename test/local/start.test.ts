import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import type { DemoFile } from '../../local/demo-file.ts';
import { sampleOrder } from '../../local/shops/sample-order.ts';
import { sendShopifyOrder } from '../../local/shops/shopify.ts';

const ROOT = resolve(import.meta.dirname, '..', '..');
const MINUTE = 60_000;
const PATIENCE = { timeout: 30_000, interval: 50 };

let folder: string;
let demoFile: string;
let hubs: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-start-'));
  demoFile = join(folder, '.strongroom', 'demo.json');
  hubs = [];
});

afterEach(async () => {
  for (const hub of hubs) hub.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** What `npm start` runs, in a process group of its own as in a terminal. Its emulators are its own unless shared. */
function start(args: string[], options: { shared?: boolean; cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  const { firestore, pubsub } = inject('emulators');
  const hub = spawn('node', [join(ROOT, 'local', 'prepare.mjs'), 'local/start.ts', ...args], {
    cwd: options.cwd ?? folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      CI: 'true',
      ...(options.shared === true
        ? { FIRESTORE_EMULATOR_HOST: firestore, PUBSUB_EMULATOR_HOST: pubsub }
        : {}),
      ...options.env,
    },
  });
  hubs.push(hub);
  return {
    hub,
    out: text(hub.stdout),
    err: text(hub.stderr),
    ended: once(hub, 'exit') as Promise<[number | null]>,
  };
}

async function ready(file = demoFile): Promise<DemoFile> {
  await vi.waitFor(() => {
    expect(existsSync(file)).toBe(true);
  }, PATIENCE);
  return JSON.parse(await readFile(file, 'utf8')) as DemoFile;
}

/** What a merchant reads at a path of the API. */
async function read({ baseUrl }: DemoFile, { apiKey }: { apiKey: string }, path: string) {
  const answer = await fetch(baseUrl + path, { headers: { authorization: `Bearer ${apiKey}` } });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
}

async function clockUrl(): Promise<string> {
  const file = join(folder, '.strongroom', 'clock.json');
  return (JSON.parse(await readFile(file, 'utf8')) as { url: string }).url;
}

/** What time it is at the hub, in milliseconds; with a POST after it was moved on. */
async function hubTime(init: RequestInit = {}): Promise<number> {
  const answer = (await (await fetch(await clockUrl(), init)).json()) as { now: string };
  return Date.parse(answer.now);
}

/** Everything that a process started, and what that started, as `ps` tells it. */
function descendants(pid: number): number[] {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number));
  const found = [pid];
  for (const parent of found) {
    found.push(...rows.filter(([, of]) => of === parent).map(([child = 0]) => child));
  }
  return found;
}

function alive(pid: number): boolean {
  try {
    // A zombie still has its number; `ps` tells it apart.
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z');
  } catch {
    return false;
  }
}

async function allGone(pids: number[]): Promise<void> {
  await vi.waitFor(() => {
    expect(pids.filter(alive)).toEqual([]);
  }, PATIENCE);
}

describe('npm start', { timeout: 120_000 }, () => {
  it('serves two connected merchants, and a Ctrl-C ends everything that it started', async () => {
    const { hub, out, ended } = start(['--port', '0']);
    const demo = await ready();
    for (const merchant of [demo.retailer, demo.supplier]) {
      expect(await read(demo, merchant, '/v1/orders')).toEqual({
        status: 200,
        json: { data: [], next: null },
      });
      const { email, password } = merchant;
      const signedIn = await fetch(`${demo.baseUrl}/v1/sessions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email, password }),
      });
      expect(await signedIn.json()).toMatchObject({
        level: 'needs_enrolment',
        companyId: merchant.companyId,
      });
    }
    const started = descendants(hub.pid ?? 0);
    const commands = execFileSync('ps', ['-o', 'args=', '-p', started.join(',')], { encoding: 'utf8' });
    expect(commands.match(/CloudFirestore|cloud-pubsub-emulator/g)?.length).toBeGreaterThanOrEqual(2);

    process.kill(-(hub.pid ?? 0), 'SIGINT');
    expect((await ended)[0]).toBe(0);
    await allGone(started);
    expect(existsSync(demoFile)).toBe(false);
    const screen = await out;
    expect(screen).toContain('npm run demo:order');
    expect(screen).toContain(
      `curl -H "Authorization: Bearer ${demo.retailer.apiKey}" ${demo.baseUrl}/v1/orders`,
    );
  });

  it('leaves nothing behind when the launcher is killed on the spot', async () => {
    const { hub } = start(['--port', '0']);
    await ready();
    const started = descendants(hub.pid ?? 0);
    process.kill(started[0] ?? 0, 'SIGKILL');
    await allGone(started);
  });

  it('keeps orders, their keys and its time with --data, and a SIGTERM ends everything that it started', async () => {
    const args = ['--port', '0', '--data', 'kept'];
    const first = start(args, { shared: true });
    const before = await ready();
    const payload = sampleOrder({ id: 7_000_001, number: 1001, at: Date.now() });
    const { shopify } = before.connections;
    await sendShopifyOrder({ ...shopify, topic: 'orders/create', body: JSON.stringify(payload) });
    const order = await vi.waitFor(async () => {
      const { json } = await read(before, before.supplier, '/v1/orders');
      const [found] = json['data'] as { id: string }[];
      expect(found).toBeDefined();
      const shown = await read(before, before.supplier, `/v1/orders/${found?.id ?? ''}`);
      expect(shown.json['lines']).toMatchObject([{ stock: 'granted' }, { stock: 'granted' }]);
      return shown;
    }, PATIENCE);
    expect(order.json['shipTo']).toMatchObject({ firstName: 'Test', country: 'US' });

    const moved = await hubTime({ method: 'POST', body: JSON.stringify({ ms: 14 * MINUTE }) });
    // An operator's command finds its rights, and works at the hub's time.
    const { LOCAL_CLOCK } = parseEnv(await readFile(join(folder, '.strongroom', 'plant-drill.env'), 'utf8'));
    const planted = execFileSync(process.execPath, [join(ROOT, 'infra', 'plant-drill.ts')], {
      ...{ cwd: folder, env: { PATH: process.env['PATH'] } },
    });
    expect([LOCAL_CLOCK, planted.toString()]).toEqual([
      await clockUrl(),
      expect.stringMatching(/^Planted: ord_/),
    ]);

    const started = descendants(first.hub.pid ?? 0);
    first.hub.kill('SIGTERM');
    expect((await first.ended)[0]).toBe(0);
    await allGone(started);
    expect(existsSync(join(folder, 'kept', 'demo.json'))).toBe(false);

    const second = start(args, { shared: true });
    const after = await ready();
    expect([after.retailer, after.supplier]).toEqual([before.retailer, before.supplier]);
    expect(after.connections.shopify.url.startsWith(`${after.baseUrl}/webhooks/con_`)).toBe(true);
    expect(await read(after, after.supplier, `/v1/orders/${String(order.json['id'])}`)).toEqual(order);
    expect(await hubTime()).toBeGreaterThan(moved);
    second.hub.kill('SIGTERM');
    await second.ended;
  });

  it('takes --data that no other hub has; killed on the spot it leaves nothing running, and the next says what is lost', async () => {
    const args = ['--port', '0', '--data', 'kept'];
    const killed = start(args);
    await ready();
    const beside = start(args);
    expect((await beside.ended)[0]).toBe(1);
    expect(await beside.err).toMatch(/^\S+kept is in use by another hub \(process \d+\)\.\n$/);
    const started = descendants(killed.hub.pid ?? 0);
    process.kill(started[1] ?? 0, 'SIGKILL');
    await allGone(started);
    await rm(demoFile);

    const next = start(args);
    const { connections, retailer, ...demo } = await ready();
    const body = JSON.stringify(sampleOrder({ id: 7_000_002, number: 1002, at: Date.now() }));
    await sendShopifyOrder({ ...connections.shopify, topic: 'orders/create', body });
    const { json } = await read({ connections, retailer, ...demo }, retailer, '/v1/orders');
    expect(json).toMatchObject({ data: [{ code: '#1002' }] });
    next.hub.kill('SIGTERM');
    expect((await next.ended)[0]).toBe(0);
    expect(await next.out).toContain('ended without saving');
    expect(existsSync(join(folder, 'kept', 'running'))).toBe(false);
  });

  it('runs side by side with another, and neither ends the other', async () => {
    const elsewhere = join(folder, 'elsewhere');
    await mkdir(elsewhere);
    const one = start(['--port', '0'], { shared: true });
    const two = start(['--port', '0'], { shared: true, cwd: elsewhere });
    const [demoOne, demoTwo] = await Promise.all([
      ready(),
      ready(join(elsewhere, '.strongroom', 'demo.json')),
    ]);
    process.kill(-(one.hub.pid ?? 0), 'SIGINT');
    await one.ended;
    expect((await read(demoTwo, demoTwo.retailer, '/v1/orders')).status).toBe(200);
    // One hub's key is nothing to the other.
    expect((await read(demoTwo, demoOne.retailer, '/v1/orders')).status).toBe(401);
    two.hub.kill('SIGTERM');
    expect((await two.ended)[0]).toBe(0);
  });

  it('does not take the file of a hub that was killed for its own', async () => {
    const { hub, ended } = start(['--port', '0'], { shared: true });
    const demo = await ready();
    hub.kill('SIGTERM');
    await ended;
    await writeFile(demoFile, JSON.stringify(demo));
    const second = start(['--port', 'x'], { shared: true });
    await second.ended;
    expect(existsSync(demoFile)).toBe(true);
    start(['--port', '0'], { shared: true });
    await vi.waitFor(async () => {
      const now = JSON.parse(await readFile(demoFile, 'utf8')) as DemoFile;
      expect(now.baseUrl).not.toBe(demo.baseUrl);
    }, PATIENCE);
  });

  it('says in one sentence that a port is in use', async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const { out, err, ended } = start(['--port', String(port)]);
    expect((await ended)[0]).toBe(1);
    // Nothing was started that could be left behind.
    expect(await out).toBe('');
    expect((await err).trim()).toBe(`Port ${port} is in use: choose another with npm start -- --port N.`);
    server.close();
  });

  it('says in one sentence what to install when there is no Java, or no emulator', async () => {
    const bin = join(ROOT, 'node_modules', '.bin');
    const without = { PATH: bin, JAVA_HOME: '', HOME: folder };
    const neither = start(['--port', '0'], { env: without });
    expect((await neither.ended)[0]).toBe(1);
    expect((await neither.err).trim()).toMatch(
      /^The Firestore and Pub\/Sub emulator was not found: install [^\n]+$/,
    );

    const jars = join(folder, '.cache', 'firebase', 'emulators');
    execFileSync('mkdir', ['-p', join(jars, 'pubsub-emulator-0.0.1', 'pubsub-emulator', 'lib')]);
    await writeFile(join(jars, 'cloud-firestore-emulator-v0.0.1.jar'), '');
    await writeFile(
      join(jars, 'pubsub-emulator-0.0.1', 'pubsub-emulator', 'lib', 'cloud-pubsub-emulator-0.0.1-all.jar'),
      '',
    );
    const noJava = start(['--port', '0'], { env: without });
    expect((await noJava.ended)[0]).toBe(1);
    expect((await noJava.err).trim()).toMatch(/^Java was not found: install [^\n]+$/);
  });

  it.each(['--port abc', '--port 70000', '--prot 1', 'extra'])('refuses %s in one sentence', async (line) => {
    const { err, ended } = start(line.split(' '), { shared: true });
    expect((await ended)[0]).toBe(1);
    expect((await err).trim().split('\n')).toHaveLength(1);
  });
});
