import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Market, startMarket } from '../support/market.ts';
import { apiBodies, pushes } from './hostile-bodies.ts';
import { peopleBodies } from './hostile-people.ts';
import { strangeQueries, strangeRequests } from './hostile-paths.ts';
import { everyNode, shopifyDeliveries, standardDeliveries } from './hostile-webhooks.ts';
import { goodOrdersStillWork, type Run, startRun, wrongLines } from './hostile-run.ts';

/** The same requests in every run of `npm test`; the long run takes others each time. */
const SEED = 20_261_123;

let market: Market;
let run: Run;
let pid: number;
const orders: string[] = [];
beforeAll(async () => {
  market = await startMarket();
  run = startRun();
  pid = market.cloud.hosts.pid('webhooks');
  for (let made = 0; made < 3; made += 1) {
    const { orderId, supplyOrderId } = await market.routed();
    orders.push(orderId, supplyOrderId);
  }
});
afterAll(async () => {
  run.close();
  await market.cloud.stop();
});

describe('hostile input gets a 2xx or a 4xx, and nothing of itself back', () => {
  it('in every node of a signed order of a Shopify shop', async () => {
    await run.all(everyNode(market, 10));
  }, 120_000);

  it('in several nodes, bytes and headers of it at once', async () => {
    await run.some(shopifyDeliveries(market), 1500, SEED);
  }, 120_000);

  it('in a signed event of Standard Webhooks', async () => {
    await run.some(standardDeliveries(market), 1500, SEED);
  }, 120_000);

  it('in the bodies of the API', async () => {
    await run.some(apiBodies(market, orders), 1500, SEED);
  }, 120_000);

  it('in the bodies of what people ask', async () => {
    await run.some(await peopleBodies(market), 500, SEED);
  }, 120_000);

  it('in methods, paths, queries and headers', async () => {
    await run.some(strangeRequests(market), 2000, SEED);
  }, 120_000);

  it('in the queries of lists', async () => {
    await run.some(strangeQueries(market), 1000, SEED);
  }, 120_000);

  it('in what is pushed to the functions within', async () => {
    await run.some(pushes(market), 1500, SEED);
  }, 120_000);
});

describe('after all of it', () => {
  it('at least 10 000 were sent, and enough of them got past the first checks', () => {
    expect(run.sent).toBeGreaterThanOrEqual(10_000);
    expect(run.taken).toBeGreaterThan(run.sent / 10);
  });

  it('good orders are taken and routed as before', async () => {
    await goodOrdersStillWork(market);
  });

  it('no process went down, no work was given up, and the log holds nothing of it', () => {
    expect(market.cloud.hosts.pid('webhooks')).toBe(pid);
    expect(wrongLines(market.cloud.lines)).toEqual([]);
  });
});
