import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { billedFigures, billedSteps, type Step } from '../bench/billed-operations.ts';
import { meetsAim } from '../bench/table.ts';
import { seedProducts } from '../local/seed.ts';
import { type Market, startMarket } from './support/market.ts';

let market: Market;
let steps: Step[];
beforeAll(async () => {
  market = await startMarket();
  const product = { title: 'Music player', price: 14_000, currency: 'USD', active: true };
  await seedProducts(market.supplier.companyId, [{ sku: 'IPOD2008BLACK', ...product }], market.seed);
  steps = await billedSteps(market.cloud, market.demo);
});
afterAll(() => market.cloud.stop());

describe('what an order is billed for, counted at the wire', () => {
  it('stays within its aims from webhook to routed, and to erased', () => {
    const missed = billedFigures(steps).filter((figure) => meetsAim(figure) === false);
    expect(missed, JSON.stringify(steps, null, 1)).toEqual([]);
  });

  it('asks KMS for nothing but the signature of the certificate once keys are known', () => {
    const asking = steps.filter(({ kmsCalls }) => kmsCalls > 0);
    expect(asking).toEqual([expect.objectContaining({ step: 'erase', kmsCalls: 1 })]);
  });

  it('publishes one message to route an order and one to erase it', () => {
    const messages = Object.fromEntries(steps.map(({ step, messages }) => [step, messages]));
    expect(messages).toMatchObject({ webhook: 1, delete: 1, route: 0, fulfil: 0, archive: 0, erase: 0 });
  });
});
