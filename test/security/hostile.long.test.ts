import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Market, startMarket } from '../support/market.ts';
import { apiBodies, pushes } from './hostile-bodies.ts';
import { VALUES } from './hostile-json.ts';
import { strangeQueries, strangeRequests } from './hostile-paths.ts';
import { goodOrdersStillWork, type Run, startRun, wrongLines } from './hostile-run.ts';
import { everyNode, shopifyDeliveries, standardDeliveries } from './hostile-webhooks.ts';

const MINUTES = 60_000;

let market: Market;
let run: Run;
const orders: string[] = [];
beforeAll(async () => {
  market = await startMarket();
  run = startRun();
  for (let made = 0; made < 3; made += 1) {
    const { orderId, supplyOrderId } = await market.routed();
    orders.push(orderId, supplyOrderId);
  }
});
afterAll(async () => {
  run.close();
  await market.cloud.stop();
});

/** Other requests in every run; a failure names the seed with which it can be had again. */
describe('hostile input of ten times as many requests gets a 2xx or a 4xx, and nothing of itself back', () => {
  it(
    'with every value in every node of a signed order of a Shopify shop',
    () => run.all(everyNode(market, VALUES.length)),
    10 * MINUTES,
  );

  it(
    'in several nodes, bytes and headers of it',
    () => run.some(shopifyDeliveries(market), 20_000),
    10 * MINUTES,
  );
  it(
    'in a signed event of Standard Webhooks',
    () => run.some(standardDeliveries(market), 20_000),
    10 * MINUTES,
  );
  it('in the bodies of the API', () => run.some(apiBodies(market, orders), 20_000), 15 * MINUTES);
  it('in methods, paths and headers', () => run.some(strangeRequests(market), 20_000), 10 * MINUTES);
  it('in the queries of lists', () => run.some(strangeQueries(market), 10_000), 10 * MINUTES);
  it('in what is pushed to the functions within', () => run.some(pushes(market), 10_000), 10 * MINUTES);

  it('and good orders are taken as before, and the log holds nothing of it', async () => {
    await goodOrdersStillWork(market);
    expect(wrongLines(market.cloud.lines)).toEqual([]);
  });
});

describe('a caller that is slow on purpose', () => {
  /** Sends a byte of `rest` a second; answers what came back until the connection was closed. */
  function drip(head: string, rest: string): Promise<string> {
    return new Promise((resolve) => {
      const socket: Socket = connect(market.cloud.gateway.port, '127.0.0.1');
      let [seen, sent] = ['', 0];
      socket.on('data', (chunk: Buffer) => (seen += chunk.toString('latin1')));
      socket.on('error', () => undefined);
      socket.write(head);
      const dripping = setInterval(
        () => socket.writable && socket.write(rest.charAt(sent++ % rest.length)),
        1000,
      );
      socket.on('close', () => {
        clearInterval(dripping);
        resolve(seen);
      });
    });
  }

  it.each([
    ['a head that never ends', 'GET /v1/orders HTTP/1.1\r\nHost: x\r\nX-Slow: ', 'x'],
    [
      'a body that never ends',
      'POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n',
      ' ',
    ],
    [
      'chunks that never end',
      'POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
      '1\r\n \r\n',
    ],
  ])(
    'is closed, or told so: %s',
    async (_what, head, rest) => {
      expect(await drip(head, rest)).toMatch(/^(?:HTTP\/1\.1 4\d\d |$)/);
    },
    3 * MINUTES,
  );
});
