import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureVersion } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { createEgress, type Egress } from '../../shared/cloud/egress.ts';
import { EgressError } from '../../shared/cloud/egress-error.ts';
import { TLS_TEST } from '../fixtures/tls.ts';

const servers: Server[] = [];
let time = 1_000_000;
const clock = { now: () => time, random: () => 0 };
const HOST = 'shop.merchant.com';

afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
});

function listen(server: Server): Promise<number> {
  servers.push(server);
  return new Promise((settle) => {
    server.listen(0, '127.0.0.1', () => {
      settle((server.address() as AddressInfo).port);
    });
  });
}

/** A server that stands in for `shop.merchant.com`, and a way out that knows it. */
async function standIn(answer: RequestListener): Promise<Egress> {
  const port = await listen(createHttp(answer));
  return createEgress({ standIns: new Map([[HOST, port]]) }, clock);
}

const get = (egress: Egress, more: object = {}) =>
  egress.call({ method: 'GET', url: `https://${HOST}/path?a=b`, ...more });

describe('a call out', () => {
  it('carries what it was given, and answers what came', async () => {
    const egress = await standIn((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.writeHead(422, { 'X-Seen': `${request.method} ${request.url} ${request.headers.host}` });
        response.end(Buffer.concat(chunks));
      });
    });
    const url = `https://${HOST}/path?a=b`;
    const answer = await egress.call({ method: 'POST', url, headers: { 'X-A': 'b' }, body: 'text' });
    expect(answer.status).toBe(422);
    expect(answer.headers['x-seen']).toBe(`POST /path?a=b ${HOST}`);
    expect(answer.body.toString()).toBe('text');
  });

  it.each([301, 302, 303, 307, 308])('follows no redirect: %i', async (status) => {
    for (const location of [
      `https://${HOST}/`,
      'http://169.254.169.254/',
      '//10.0.0.1/',
      'file:///etc/passwd',
    ]) {
      let calls = 0;
      const egress = await standIn((_, response) => {
        calls += 1;
        response.writeHead(status, { location }).end();
      });
      await expect(get(egress)).rejects.toMatchObject({ code: 'REDIRECTED' });
      expect(calls).toBe(1);
    }
  });

  it('takes no more bytes than it was told', async () => {
    const egress = await standIn((_, response) => response.end('x'.repeat(2000)));
    await expect(get(egress, { limits: { bytes: 1999 } })).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect((await get(egress, { limits: { bytes: 2000 } })).body).toHaveLength(2000);
  });

  it('takes no endless body', async () => {
    const egress = await standIn((_, response) => {
      const more = (): void => void response.write('x'.repeat(10_000), () => setImmediate(more));
      more();
    });
    await expect(get(egress)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });

  it('takes no endless headers', async () => {
    const egress = await standIn((_, response) => {
      response.writeHead(200, { 'X-Long': 'x'.repeat(20_000) }).end();
    });
    await expect(get(egress)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });

  it('takes no body that is packed, which could grow without bounds', async () => {
    const egress = await standIn((request, response) => {
      expect(request.headers['accept-encoding']).toBe('identity');
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end('x');
    });
    await expect(get(egress)).rejects.toMatchObject({ code: 'BAD_ANSWER' });
  });

  it('ends in time, whether nothing comes or too little', async () => {
    const silent = await standIn(() => undefined);
    await expect(get(silent, { limits: { ms: 50 } })).rejects.toMatchObject({ code: 'TIMED_OUT' });
    const slow = await standIn((_, response) => void response.write('x'));
    await expect(get(slow, { limits: { ms: 50 } })).rejects.toMatchObject({ code: 'TIMED_OUT' });
  });

  it('tells a connection that was cut from an answer', async () => {
    const cut = await standIn((request) => request.socket.destroy());
    await expect(get(cut)).rejects.toMatchObject({ code: 'UNREACHABLE' });
    const half = await standIn((request, response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('half', () => request.socket.destroy());
    });
    await expect(get(half)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  it('says that nothing listens, and that what listens speaks something else', async () => {
    const port = await listen(createHttp());
    for (const server of servers.splice(0)) server.close();
    const nobody = createEgress({ standIns: new Map([[HOST, port]]) }, clock);
    await expect(get(nobody)).rejects.toMatchObject({ code: 'UNREACHABLE' });
    const other = await standIn((request) => void request.socket.write('SSH-2.0-OpenSSH\r\n\r\n'));
    await expect(get(other)).rejects.toMatchObject({ code: 'BAD_ANSWER' });
  });

  it('tells a name without an address', async () => {
    const resolve = () => Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' }));
    const egress = createEgress({ standIns: new Map() }, { ...clock, resolve });
    await expect(get(egress)).rejects.toMatchObject({ code: 'NOT_RESOLVED' });
  });

  it('never says in an error what came from outside', async () => {
    const egress = await standIn((_, response) => {
      response.writeHead(302, { location: 'https://canary.example/' }).end('canary');
    });
    const error = await get(egress).catch((thrown: unknown) => thrown as Error);
    expect(JSON.stringify([(error as Error).message, error])).not.toContain('canary');
  });
});

describe('TLS', () => {
  const resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);

  async function secure(
    options: { host?: string; trusted?: boolean; maxVersion?: SecureVersion } = {},
  ): Promise<Promise<{ status: number }>> {
    const { host = HOST, trusted = true, maxVersion } = options;
    const tls = { ...TLS_TEST, ...(maxVersion === undefined ? {} : { maxVersion, minVersion: maxVersion }) };
    const ciphers = maxVersion === undefined ? {} : { ciphers: 'DEFAULT@SECLEVEL=0' };
    const port = await listen(createHttps({ ...tls, ...ciphers }, (_, response) => response.end('ok')));
    const tlsTest = { port, authority: trusted ? TLS_TEST.cert : '' };
    const egress = createEgress({ standIns: new Map() }, { ...clock, resolve, tlsTest });
    return egress.call({ method: 'GET', url: `https://${host}:${port}/` });
  }

  it('is spoken, and the address that was resolved is the one that is called', async () => {
    expect((await secure()).status).toBe(200);
    expect((await secure({ maxVersion: 'TLSv1.2' })).status).toBe(200);
  });

  it('is refused below version 1.2', async () => {
    await expect(secure({ maxVersion: 'TLSv1.1' })).rejects.toMatchObject({ code: 'TLS_FAILED' });
  });

  it('is refused with a certificate for another name', async () => {
    await expect(secure({ host: 'other.merchant.com' })).rejects.toMatchObject({ code: 'TLS_FAILED' });
  });

  it('is refused with a certificate that nobody vouches for', async () => {
    await expect(secure({ trusted: false })).rejects.toMatchObject({ code: 'TLS_FAILED' });
  });

  it('is refused by a server that does not speak it', async () => {
    const port = await listen(createHttp((_, response) => response.end()));
    const tlsTest = { port, authority: TLS_TEST.cert };
    const egress = createEgress({ standIns: new Map() }, { ...clock, resolve, tlsTest });
    const call = egress.call({ method: 'GET', url: `https://${HOST}:${port}/` });
    await expect(call).rejects.toMatchObject({ code: 'TLS_FAILED' });
  });
});

describe('a platform’s rate limit', () => {
  const wait = async (egress: Egress): Promise<number | undefined> => {
    const error: unknown = await get(egress).catch((thrown: unknown) => thrown);
    return error instanceof EgressError && error.retryAt !== undefined ? error.retryAt - time : undefined;
  };

  it.each([
    ['Retry-After in seconds', 429, { 'Retry-After': '60' }, 60_000],
    ['Retry-After with a part of a second, as Shopify sends it', 429, { 'Retry-After': '2.0' }, 2_000],
    ['Retry-After as a date', 429, { 'Retry-After': new Date(1_000_000 + 30_000).toUTCString() }, 30_000],
    ['BigCommerce’s reset', 429, { 'X-Rate-Limit-Time-Reset-Ms': '15000' }, 15_000],
    ['no word of how long', 429, {}, 2_000],
    ['a wait without end', 429, { 'Retry-After': '999999999' }, 3_600_000],
  ] as const)('keeps calls back: %s', async (_, status, headers, expected) => {
    time = 1_000_000;
    let calls = 0;
    const egress = await standIn((_request, response) => {
      calls += 1;
      response.writeHead(status, headers).end();
    });
    expect(await wait(egress)).toBe(expected);
    time += expected - 1;
    expect(await wait(egress)).toBe(1);
    expect(calls).toBe(1);
    time += 1;
    await wait(egress);
    expect(calls).toBe(2);
  });

  it.each([
    [
      'BigCommerce’s window is spent',
      { 'X-Rate-Limit-Requests-Left': '0', 'X-Rate-Limit-Time-Reset-Ms': '500' },
      500,
    ],
    ['Shopify’s bucket is full', { 'X-Shopify-Shop-Api-Call-Limit': '39/40' }, 1_000],
  ] as const)('is not run into: %s', async (_, headers, expected) => {
    const egress = await standIn((_request, response) => response.writeHead(200, headers).end());
    expect((await get(egress)).status).toBe(200);
    expect(await wait(egress)).toBe(expected);
  });

  it('is one shop’s own', async () => {
    const egress = await standIn((_, response) => response.writeHead(200).end());
    egress.pause('store/one', 5_000);
    await expect(get(egress, { budget: 'store/one' })).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect((await get(egress, { budget: 'store/two' })).status).toBe(200);
  });

  it('is waited for a little longer by chance, so that not all come back at once', async () => {
    const port = await listen(
      createHttp((_, response) => response.writeHead(429, { 'Retry-After': '60' }).end()),
    );
    const spread = [0, 0.5, 0.99].map(async (random) =>
      wait(createEgress({ standIns: new Map([[HOST, port]]) }, { ...clock, random: () => random })),
    );
    expect(await Promise.all(spread)).toEqual([60_000, 65_000, 69_900]);
  });
});
