import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Billed, billedFigures, billedOperations, STEPS, sumOf } from '../bench/billed-operations.ts';
import { kmsCalls } from '../bench/kms-calls.ts';
import { authenticationReads } from '../bench/sign-in.ts';
import { meetsAim, tableOf } from '../bench/table.ts';
import { seedDemo } from '../local/seed.ts';
import { type TestCloud, testCloud } from './support/cloud.ts';

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await testCloud();
});
afterAll(() => cloud.stop());

describe('what an order of three lines is billed, all of them one partner’s', () => {
  let billed: Billed;
  beforeAll(async () => {
    billed = await billedOperations(cloud, await seedDemo(cloud));
  }, 60_000);

  it('is at most 11 writes and 8 reads until it is routed', () => {
    expect(sumOf(billed, 'writes', ['receive', 'route'])).toBeLessThanOrEqual(11);
    expect(sumOf(billed, 'reads', ['receive', 'route'])).toBeLessThanOrEqual(8);
  });

  it('is at most 25 writes and 20 reads from webhook to erased, and one write more when it is opened', () => {
    const steps = STEPS.filter((step) => step !== 'open');
    expect(sumOf(billed, 'writes', steps)).toBeLessThanOrEqual(25);
    expect(sumOf(billed, 'reads', STEPS)).toBeLessThanOrEqual(20);
    // The entry in the log.
    expect(billed.open.writes).toBe(1);
  });

  it('is a message to route it, one to erase it, and one call to KMS, for the certificate', () => {
    const { receive, delete: remove, erase } = billed;
    expect([receive.messages, remove.messages, sumOf(billed, 'messages', STEPS)]).toEqual([1, 1, 2]);
    expect(sumOf(billed, 'kmsCalls', STEPS)).toBe(erase.kmsCalls);
    expect(erase.kmsCalls).toBeLessThanOrEqual(3);
  });

  it('meets every aim in the table', () => {
    const figures = billedFigures(billed);
    expect(figures.filter((figure) => meetsAim(figure) === false)).toEqual([]);
    expect(tableOf(figures).split('\n')).toHaveLength(figures.length + 2);
  });
});

describe('knowing who calls', () => {
  it('is one read for a credential that is new to an instance, and none for one that it knows', async () => {
    expect(await authenticationReads(cloud)).toEqual({
      ...{ keyFirst: 1, keyAgain: 0 },
      ...{ sessionFirst: 1, sessionAgain: 0 },
    });
  });
});

describe('calls to KMS', () => {
  it('are one a company and one for the lookup key on one instance, however many orders', async () => {
    expect(await kmsCalls(cloud, { orders: 300, companies: 5, instances: 1 })).toBe(6);
  });

  it('are one a company and one an instance where each company has one order', async () => {
    expect(await kmsCalls(cloud, { orders: 40, companies: 40, instances: 10 })).toBe(50);
  });
});
