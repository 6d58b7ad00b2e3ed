import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../local/gateway.ts';

let gateway: Gateway;
let target: Server;
let answer: RequestListener;
let seen: IncomingMessage[];

beforeEach(async () => {
  seen = [];
  answer = (_req, res) => res.end('here');
  target = createServer((req, res) => {
    seen.push(req);
    answer(req, res);
  });
  await new Promise<void>((listening) => target.listen(0, '127.0.0.1', listening));
  const { port } = target.address() as AddressInfo;
  gateway = await startGateway({
    port: 0,
    route: (path) => {
      if (path === '/v1/sessions') return 'accounts';
      return path.startsWith('/v1/') ? 'orders' : undefined;
    },
    portOf: () => port,
  });
  gateway.release();
});

afterEach(async () => {
  await gateway.close();
  target.closeAllConnections();
  target.close();
});

describe('the gateway', () => {
  it('hands on method, target, headers and body as they are, and adds nothing', async () => {
    answer = (req, res) => {
      void text(req).then((body) => {
        res.writeHead(201, 'Made', { 'X-Answer': 'yes', 'Set-Cookie': ['a=1', 'b=2'] }).end(`got ${body}`);
      });
    };
    const response = await fetch(`${gateway.url}/v1/a%2fb?x=%20y`, {
      method: 'PUT',
      headers: { 'content-type': 'text/plain', 'x-own': 'kept' },
      body: 'some bytes',
    });
    expect(response.status).toBe(201);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.text()).toBe('got some bytes');
    const received = seen[0];
    expect(received?.method).toBe('PUT');
    expect(received?.url).toBe('/v1/a%2fb?x=%20y');
    expect(received?.headers['x-own']).toBe('kept');
    const names = Object.keys(received?.headers ?? {});
    expect(names.filter((name) => /forwarded|real-ip|via/.test(name))).toEqual([]);
  });

  it('tells where a request comes from to who throttles by it, behind what the caller says of itself', async () => {
    answer = (_req, res) => {
      res.end();
    };
    const headers = { 'x-forwarded-for': '198.51.100.7, 203.0.113.1' };
    await fetch(`${gateway.url}/v1/sessions`, { method: 'POST', headers });
    expect(seen[0]?.headers['x-forwarded-for']).toBe('198.51.100.7, 203.0.113.1, 127.0.0.1, 127.0.0.1');
  });

  it('answers an unknown path with a problem that is not kept', async () => {
    for (const path of ['/', '/sweep', '/v1', '//v1/orders']) {
      const response = await fetch(gateway.url + path, { method: 'POST', body: 'x' });
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(await response.json()).toMatchObject({ code: 'NOT_FOUND', status: 404 });
    }
    expect(seen).toEqual([]);
  });

  it('takes no target but a path', async () => {
    expect(
      await raw('GET http://elsewhere.example/v1/orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    ).toMatch(/^HTTP\/1.1 404 /);
    expect(await raw('OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1.1 404 /,
    );
  });

  it('streams a body before it is complete, both ways', async () => {
    answer = (req, res) => {
      req.on('data', (chunk: Buffer) => res.write(`echo ${chunk.toString()}`));
      req.on('end', () => res.end());
    };
    const call = request(`${gateway.url}/v1/x`, { method: 'POST' });
    call.write('one');
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    const [first] = (await once(response, 'data')) as [Buffer];
    expect(first.toString()).toBe('echo one');
    call.end('two');
    expect(await text(response)).toBe('echo two');
  });

  it('lets an answer through that comes before the body was read', async () => {
    answer = (_req, res) => res.writeHead(413).end('too large');
    const response = await fetch(`${gateway.url}/v1/x`, { method: 'POST', body: new Uint8Array(3_000_000) });
    expect(response.status).toBe(413);
    expect(await response.text()).toBe('too large');
  });

  it('says 503 with Retry-After when a function is not there', async () => {
    target.closeAllConnections();
    target.close();
    const response = await fetch(`${gateway.url}/v1/orders`);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('breaks off when a function breaks off', async () => {
    answer = (_req, res) => {
      res.writeHead(200, { 'Content-Length': '100' });
      res.write('half', () => res.destroy());
    };
    const response = await fetch(`${gateway.url}/v1/orders`);
    await expect(response.text()).rejects.toThrow();
  });

  it('tells the function when the caller has gone', async () => {
    const gone = Promise.withResolvers<undefined>();
    answer = (req) => {
      req.on('close', () => {
        gone.resolve(undefined);
      });
      call.destroy();
    };
    const call = request(`${gateway.url}/v1/orders`);
    call.on('error', () => undefined);
    call.end();
    await gone.promise;
  });

  it.each([
    ['a head that is too long', `GET /v1/x HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(40_000)}\r\n\r\n`, 431],
    ['a target that is too long', `GET /v1/${'a'.repeat(40_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
    ['what is not HTTP', 'hello\r\n\r\n', 400],
    [
      'two lengths',
      'POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      400,
    ],
    [
      'a length and chunks',
      'POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['no host', 'GET /v1/x HTTP/1.1\r\n\r\n', 400],
  ])('refuses %s', async (_name, bytes, status) => {
    expect(await raw(bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(seen).toEqual([]);
  });

  it('hands on a DELETE in chunks without losing where it ends', async () => {
    const bodies: string[] = [];
    answer = (req, res) => {
      void text(req).then((body) => {
        bodies.push(body);
        res.end();
      });
    };
    const chunked =
      'DELETE /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
    expect(await raw(chunked)).toMatch(/^HTTP\/1.1 200 /);
    expect(bodies).toEqual(['abc']);
  });

  it('lets requests wait while it is held, and holds only when those under way are answered', async () => {
    const underWay = Promise.withResolvers<undefined>();
    const finish = Promise.withResolvers<undefined>();
    answer = (_req, res) => {
      underWay.resolve(undefined);
      void finish.promise.then(() => res.end('first'));
    };
    const first = fetch(`${gateway.url}/v1/first`);
    await underWay.promise;
    let held = false;
    const holding = gateway.hold().then(() => {
      held = true;
    });
    answer = (_req, res) => res.end('second');
    const second = fetch(`${gateway.url}/v1/second`, { method: 'POST', body: 'kept' });
    await new Promise(setImmediate);
    expect(held).toBe(false);
    finish.resolve(undefined);
    await holding;
    expect(await (await first).text()).toBe('first');
    expect(seen.map((req) => req.url)).toEqual(['/v1/first']);
    gateway.release();
    expect(await (await second).text()).toBe('second');
  });

  it('says that a port is taken', async () => {
    const options = { port: gateway.port, route: () => undefined, portOf: () => 0 };
    await expect(startGateway(options)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('closes while a request is waiting', async () => {
    await gateway.hold();
    const waiting = fetch(`${gateway.url}/v1/orders`);
    const refused = expect(waiting).rejects.toThrow();
    await new Promise(setImmediate);
    await gateway.close();
    await refused;
  });
});

/** Sends bytes as they are and reads until the other end closes. */
function raw(bytes: string): Promise<string> {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(bytes);
  return text(socket);
}
