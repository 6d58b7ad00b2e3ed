import { resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { startHostProcess } from '../../local/host-apart.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { eventually, type Market, startMarket } from '../support/market.ts';

function setVariables(): void {
  process.env['FIRESTORE_EMULATOR_HOST'] = inject('emulators').firestore;
  process.env['PUBSUB_EMULATOR_HOST'] = inject('emulators').pubsub;
}

describe("the variables by which Google's clients find emulators", () => {
  let market: Market;
  let left: unknown[];
  beforeAll(async () => {
    setVariables();
    market = await startMarket();
    left = [process.env['FIRESTORE_EMULATOR_HOST'], process.env['PUBSUB_EMULATOR_HOST']];
  });
  beforeEach(setVariables);
  afterAll(() => market.cloud.stop());

  it('are taken out of the process that starts the hub, whose own clients then use their door', async () => {
    expect(left).toEqual([undefined, undefined]);
    const { cloud, seed } = market;
    expect(cloud.doors.seed.counts.snapshot().writes).toBeGreaterThan(0);
    const before = cloud.doors.seed.counts.snapshot().reads;
    await seed.db.doc('companies/none').get();
    expect(cloud.doors.seed.counts.snapshot().reads).toBe(before + 1);
  });

  it('do not reach a function: with another identity it is refused at that door', async () => {
    const { cloud, retailer } = market;
    const { orderId } = await market.routed();
    const lines: string[] = [];
    const host = await startHostProcess({
      functions: (['orders', 'audit'] as const).map((name) => ({
        name,
        file: resolve('functions', `${name}.ts`),
        env: cloud.envOf('audit'),
        port: 0,
      })),
      offsetMs: 0,
      onLine: (line) => lines.push(line),
    });
    try {
      const call = (name: string, path: string): Promise<Response> =>
        fetch(`http://127.0.0.1:${host.ports[name] ?? 0}${path}`, {
          headers: { Authorization: `Bearer ${retailer.apiKey}` },
        });
      const counts = cloud.doors.audit.counts;
      const before = counts.snapshot().reads;
      expect((await call('audit', '/v1/audit')).status).toBe(200);
      expect(counts.snapshot().reads).toBeGreaterThan(before);
      // Opening an order is written to the log first, and this identity writes nothing.
      expect((await call('orders', `/v1/orders/${orderId}`)).status).toBe(500);
      // gRPC's PERMISSION_DENIED.
      await eventually(() => {
        expect(lines.filter((line) => line.includes('"originCode":"7"'))).toHaveLength(1);
      });
    } finally {
      await host.kill();
    }
  });

  it.each(['FIRESTORE_EMULATOR_HOST', 'PUBSUB_EMULATOR_HOST', 'STORAGE_EMULATOR_HOST'])(
    '%s is refused in production',
    (name) => {
      const { CLOUD_ENDPOINT: _cloud, STORAGE_ENDPOINT: _storage, ...env } = market.cloud.envOf('audit');
      const addresses = { BASE_URL: 'https://hub.example', ARCHIVE_LOG_URL: 'https://log.hub.example' };
      const production = { ...env, ...addresses, STRONGROOM_ENV: 'production' };
      expect(readConfig(production).production).toBe(true);
      expect(() => readConfig({ ...production, [name]: '127.0.0.1:1' })).toThrow(name);
    },
  );
});
