import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { requireReadableBody } from '../../shared/http/body.ts';
import { guardBodies } from '../../shared/http/body-guard.ts';
import { problemBody, toAppError } from '../../shared/http/problem.ts';
import { send, serve } from './serve.ts';

guardBodies();

/** Answers how many bytes of a body the framework has read, or why it must not be read. */
function reader(): Promise<string> {
  return serve((req, res) => {
    const read = String(req.rawBody?.length ?? 'none');
    try {
      requireReadableBody(req);
      res.end(read);
    } catch (error) {
      res.end(`${read} ${problemBody(toAppError(error), '').code}`);
    }
  });
}

const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('a body that must not be read', () => {
  it.each(['gzip', 'deflate', 'br', 'identity', 'x'])('is not inflated: %s', async (coding) => {
    const url = await reader();
    const body = gzipSync('{}');
    const headers = { ...JSON_TYPE, 'Content-Encoding': coding };
    expect((await send(url, { method: 'POST', headers, body })).body).toBe('none UNSUPPORTED_MEDIA_TYPE');
  });

  it.each(['application/json', 'application/octet-stream', 'text/plain'])(
    'is not collected beyond 1 MB when its length is told: %s',
    async (type) => {
      const url = await reader();
      const answer = await send(url, {
        method: 'POST',
        headers: { 'Content-Type': type },
        body: Buffer.alloc(1_000_001, ' '),
      });
      expect(answer.body).toBe('none PAYLOAD_TOO_LARGE');
    },
  );

  it('is not collected beyond 1 MB when it comes in chunks', async () => {
    const url = await reader();
    const call = request(url, { method: 'POST', headers: JSON_TYPE });
    for (let sent = 0; sent < 30; sent += 1) call.write(Buffer.alloc(100_000, ' '));
    call.end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    expect(await text(response)).toMatch(/^\d{6,7} PAYLOAD_TOO_LARGE$/);
  });

  it.each(['GET', 'DELETE', 'OPTIONS'])('is not looked at with %s, be it JSON or not', async (method) => {
    const url = await reader();
    const headers = { ...JSON_TYPE, 'Content-Length': '9' };
    const answer = await send(url, { method, headers, body: '{ no json' });
    expect([answer.status, answer.body]).toEqual([200, 'none']);
  });
});

describe('other bodies', () => {
  it.each(['{ no json', '\ud800', '{"a":1}'])('are collected and not parsed: %j', async (body) => {
    const url = await reader();
    const answer = await send(url, { method: 'POST', headers: JSON_TYPE, body });
    expect([answer.status, answer.body]).toEqual([200, String(Buffer.byteLength(body))]);
  });

  it.each(['charset=utf-8', 'Charset="UTF-8"', 'version=1'])('may say %s', async (parameter) => {
    const url = await reader();
    const headers = { 'Content-Type': `application/json; ${parameter}` };
    expect((await send(url, { method: 'POST', headers, body: '{}' })).body).toBe('2');
  });

  it.each(['charset=utf-16', 'charset=x', 'a=b;charset=utf-80'])('may not say %s', async (parameter) => {
    const url = await reader();
    const headers = { 'Content-Type': `application/json; ${parameter}` };
    expect((await send(url, { method: 'POST', headers, body: '{}' })).body).toBe('2 UNSUPPORTED_MEDIA_TYPE');
  });

  it.each([{}, { 'Transfer-Encoding': 'chunked' }])('of up to 1 MB are read whole: %j', async (framing) => {
    const url = await reader();
    const body = Buffer.alloc(1_000_000, '1');
    const headers = { 'Content-Type': 'text/plain', ...framing };
    expect((await send(url, { method: 'POST', headers, body })).body).toBe('1000000 UNSUPPORTED_MEDIA_TYPE');
  });

  it('of other servers are left alone', async () => {
    const server = createServer((req, res) => {
      res.end(req.headers['content-length']);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: 'x'.repeat(1_000_001) });
    expect(await response.text()).toBe('1000001');
    server.close();
  });
});
