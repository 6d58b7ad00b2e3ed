import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Market, startMarket } from '../support/market.ts';

let market: Market;
let port: number;
beforeAll(async () => {
  market = await startMarket();
  port = market.cloud.gateway.port;
});
afterAll(() => market.cloud.stop());

/** Sends bytes as they are and answers all that comes back until the connection is closed. */
function raw(bytes: string | Buffer, end = true): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let seen = '';
    socket.on('data', (chunk: Buffer) => {
      seen += chunk.toString('latin1');
    });
    // A connection that is broken off is an answer too.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve(seen);
    });
    if (end) socket.end(bytes);
    else socket.write(bytes);
  });
}

const HEAD = 'POST /v1/orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n';
const crlf = (...lines: string[]): string => `${lines.join('\r\n')}\r\n\r\n`;

const MALFORMED: [string, string | Buffer][] = [
  ['no HTTP at all', 'hello\r\n\r\n'],
  ['a TLS greeting', Buffer.from('1603010200010001fc0303', 'hex')],
  ['HTTP/2 without being asked', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['HTTP/0.9', 'GET /\r\n\r\n'],
  ['HTTP/9.9', crlf('GET / HTTP/9.9', 'Host: x')],
  ['no host', crlf('GET /v1/orders HTTP/1.1')],
  ['two hosts', crlf('GET /v1/orders HTTP/1.1', 'Host: a', 'Host: b', 'Connection: close')],
  ['a host that is none', crlf('GET /v1/orders HTTP/1.1', 'Host: a b/c?d', 'Connection: close')],
  ['a control character in the path', crlf('GET /v1/\x01 HTTP/1.1', 'Host: x', 'Connection: close')],
  [
    'bytes above ASCII in the path',
    Buffer.from(crlf('GET /v1/\xff\xfe HTTP/1.1', 'Host: x', 'Connection: close'), 'latin1'),
  ],
  ['NUL in a header', crlf('GET /v1/orders HTTP/1.1', 'Host: x', 'X-Odd: a\0b')],
  [
    'a header folded over two lines',
    crlf('GET /v1/orders HTTP/1.1', 'Host: x', 'X-Odd: a', ' b', 'Connection: close'),
  ],
  ['a space before the colon', crlf('GET /v1/orders HTTP/1.1', 'Host : x')],
  ['line feeds alone', 'GET /v1/orders HTTP/1.1\nHost: x\nConnection: close\n\n'],
  ['a bare carriage return', crlf('GET /v1/orders HTTP/1.1', 'Host: x', 'X-Odd: a\rX-More: b')],
  ['an unknown method', crlf('HELLO /v1/orders HTTP/1.1', 'Host: x')],
  ['CONNECT', crlf('CONNECT example.com:443 HTTP/1.1', 'Host: x')],
  [
    'an upgrade',
    crlf('GET /v1/orders HTTP/1.1', 'Host: x', 'Connection: Upgrade, close', 'Upgrade: websocket'),
  ],
  [
    'an expectation',
    crlf('POST /v1/orders HTTP/1.1', 'Host: x', 'Connection: close', 'Expect: miracles', 'Content-Length: 0'),
  ],
  ['a target of 20 KB', crlf(`GET /v1/orders?${'x'.repeat(20_000)} HTTP/1.1`, 'Host: x')],
  ['a header of 100 KB', crlf('GET /v1/orders HTTP/1.1', 'Host: x', `X-Long: ${'x'.repeat(100_000)}`)],
  [
    '3000 headers',
    crlf(
      'GET /v1/orders HTTP/1.1',
      'Host: x',
      'Connection: close',
      ...Array.from({ length: 3000 }, (_, n) => `X${n}: 1`),
    ),
  ],
  ['two lengths', `${HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
  ['a length and chunks', `${HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['a length that is none', `${HEAD}Content-Length: two\r\n\r\n{}`],
  ['a negative length', `${HEAD}Content-Length: -1\r\n\r\n{}`],
  ['a length beyond any', `${HEAD}Content-Length: 99999999999999999999\r\n\r\n{}`],
  ['a length that is not kept', `${HEAD}Content-Length: 100\r\n\r\n{}`],
  ['an unknown transfer coding', `${HEAD}Transfer-Encoding: gzip\r\n\r\n{}`],
  ['chunked that is not last', `${HEAD}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`],
  ['a chunk size that is none', `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`],
  ['a chunk size beyond any', `${HEAD}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n{}\r\n`],
  ['a chunk that is too long', `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n`],
  ['chunks without an end', `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`],
  [
    'a chunk with endless extensions',
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n2;${'x'.repeat(70_000)}\r\n{}\r\n0\r\n\r\n`,
  ],
  [
    'trailers with a second request',
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\nX-Odd: 1\r\n\r\nGET /docs HTTP/1.1\r\nHost: x\r\n\r\n`,
  ],
];

describe('malformed HTTP', () => {
  it.each(MALFORMED)('ends in a 4xx or a closed connection: %s', async (_what, bytes) => {
    const answer = await raw(bytes);
    expect(answer).toMatch(/^(?:HTTP\/1\.1 4\d\d |$)/);
    expect(answer.match(/HTTP\/1\.1 [235]\d\d /g)).toBeNull();
    expect(answer).not.toMatch(/\n\s+at |node_modules|Error:/);
  });

  it('that was refused by the gateway is told as a problem', async () => {
    const answer = await raw('GET /v1/\x01 HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(answer).toContain('Content-Type: application/problem+json');
    expect(answer).toContain('"code":"BAD_REQUEST"');
  });

  it('smuggles no second request past the first', async () => {
    const second = 'GET /docs HTTP/1.1\r\nHost: x\r\n\r\n';
    for (const first of [
      `POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n`,
      `POST /v1/orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n`,
      `GET /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: ${second.length}\r\n\r\n`,
    ]) {
      expect(await raw(first + second)).not.toContain('200 OK');
    }
  });

  it('of callers that vanish in the middle of a body leaves the hub as it was', async () => {
    const { url } = market.demo.connections.shopify;
    const path = new URL(url).pathname;
    const vanish = (): Promise<void> =>
      new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1', () => {
          const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n`;
          socket.write(head + 'x'.repeat(10_000), () => {
            socket.resetAndDestroy();
          });
        });
        socket.on('error', () => undefined);
        socket.on('close', () => {
          resolve();
        });
      });
    await Promise.all(Array.from({ length: 200 }, vanish));
    await market.deliver(market.order());
  });

  it('never ends a process', async () => {
    expect((await fetch(`${market.cloud.baseUrl}/docs`)).status).toBe(200);
    const { supplyOrderId } = await market.routed();
    expect((await market.supplier.call('GET', `/v1/orders/${supplyOrderId}`)).status).toBe(200);
    expect(market.cloud.lines.filter((line) => line.includes('"request.failed"'))).toEqual([]);
  });
});
