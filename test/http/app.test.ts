import { gzipSync } from 'node:zlib';
import { createRoute, z } from '@hono/zod-openapi';
import { beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../shared/cloud/log.ts';
import { AppError } from '../../shared/domain/errors.ts';
import { idSchema, randomId } from '../../shared/domain/ids.ts';
import { createApi, toFunction } from '../../shared/http/app.ts';
import { isSampled } from '../../shared/http/access-log.ts';
import type { Authenticator } from '../../shared/http/authenticate.ts';
import { guardBodies } from '../../shared/http/body-guard.ts';
import { Problem, problemResponses, problemResponsesWithBody } from '../../shared/http/schemas.ts';
import { requires } from '../../shared/http/scope.ts';
import { send, serve } from './serve.ts';

const Thing = z.strictObject({
  name: z.string().max(20),
  size: z.strictObject({ width: z.int() }).optional(),
});

const makeThing = createRoute({
  method: 'post',
  path: '/v1/things',
  ...requires('orders:write'),
  request: { body: { required: true, content: { 'application/json': { schema: Thing } } } },
  responses: {
    201: { description: 'Made.', content: { 'application/json': { schema: Thing } } },
    ...problemResponsesWithBody(),
  },
});

const readThing = createRoute({
  method: 'get',
  path: '/v1/things/{id}',
  ...requires('orders:read'),
  request: { params: z.strictObject({ id: idSchema('order') }) },
  responses: {
    200: { description: 'It.', content: { 'application/json': { schema: z.object({ id: z.string() }) } } },
    ...problemResponses('NOT_FOUND'),
  },
});

const authenticator: Authenticator = (authorization) =>
  authorization === 'Bearer good'
    ? Promise.resolve({
        companyId: randomId('company'),
        mode: 'test',
        actor: { type: 'api_key', id: randomId('apiKey') },
        scopes: ['orders:read', 'orders:write'],
      })
    : Promise.reject(new AppError('UNAUTHENTICATED'));

const JSON_HEADERS = { 'content-type': 'application/json', authorization: 'Bearer good' };

async function api(broken?: () => never) {
  const lines: string[] = [];
  const accesses: string[] = [];
  const write = (line: string) => (line.includes('"request.answered"') ? accesses : lines).push(line);
  const log = createLog({ functionName: 'things', projectId: 'demo', write });
  const app = createApi({ log, authenticator });
  app.openapi(makeThing, (c) => c.json(c.req.valid('json'), 201));
  app.openapi(readThing, (c) => {
    broken?.();
    return c.json({ id: c.req.valid('param').id }, 200);
  });
  app.get('/v1/secret', requires('audit:read').middleware, (c) => c.text('never'));
  return { url: await serve(toFunction(app)), lines, accesses };
}

function post(url: string, body: unknown): Promise<Response> {
  return fetch(`${url}/v1/things`, { method: 'POST', headers: JSON_HEADERS, body: JSON.stringify(body) });
}

async function problemOf(response: Response) {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const problem = Problem.parse(await response.json());
  expect(response.headers.get('request-id')).toBe(problem.requestId);
  expect(response.status).toBe(problem.status);
  return problem;
}

describe('an API inside functions-framework', () => {
  it('reads a body that the framework has consumed already, also a large one', async () => {
    const { url } = await api();
    const small = await post(url, { name: 'é' });
    expect([small.status, await small.json()]).toEqual([201, { name: 'é' }]);
    const padded = `{"name":"x"${' '.repeat(900_000)}}`;
    const large = await fetch(`${url}/v1/things`, { method: 'POST', headers: JSON_HEADERS, body: padded });
    expect(large.status).toBe(201);
  });

  it('answers GET and HEAD without a body', async () => {
    const { url } = await api();
    const id = randomId('order');
    const get = await fetch(`${url}/v1/things/${id}`, { headers: JSON_HEADERS });
    expect([get.status, await get.json()]).toEqual([200, { id }]);
    const head = await fetch(`${url}/v1/things/${id}`, { method: 'HEAD', headers: JSON_HEADERS });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('puts a request id and safe headers on successes and on problems', async () => {
    const { url } = await api();
    const answers = [
      await post(url, { name: 'x' }),
      await post(url, { name: 1 }),
      await fetch(`${url}/nowhere`),
      await fetch(`${url}/v1/things`),
    ];
    for (const { headers } of answers) {
      expect(headers.get('request-id')).toMatch(/^req_[0-9a-z]{26}$/);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('strict-transport-security')).toContain('max-age=');
    }
  });

  it('tells of a sample of its requests, by route and status, and of nobody who asked', async () => {
    const { url, accesses } = await api();
    const asked = async (path: string): Promise<unknown> => {
      for (;;) {
        const headers = { ...JSON_HEADERS, 'user-agent': 'canary', 'x-forwarded-for': '192.0.2.7' };
        const answer = await fetch(`${url}${path}`, { headers });
        const requestId = answer.headers.get('request-id') ?? '';
        const told = accesses.map((line) => JSON.parse(line) as object);
        expect(told.some((line) => 'requestId' in line && line.requestId === requestId)).toBe(
          isSampled(requestId),
        );
        if (isSampled(requestId)) return told.at(-1);
      }
    };
    const about = { event: 'request.answered', method: 'GET', milliseconds: expect.any(Number) as number };
    expect(await asked(`/v1/things/${randomId('order')}`)).toMatchObject({
      ...{ ...about, route: '/v1/things/:id', status: 200 },
    });
    expect(await asked('/canary/192.0.2.7?canary')).toMatchObject({ ...about, route: '/', status: 404 });
    expect(await asked('/v1/canary')).toMatchObject({ ...about, route: '/', status: 404 });
    expect(await asked('/v1/secret')).toMatchObject({ ...about, route: '/v1/secret', status: 403 });
    expect(accesses.join('')).not.toMatch(/canary|192\.0|127\.0|good|ord_/);
  });

  it('names the fields that are not valid and repeats none of their values', async () => {
    const { url } = await api();
    const canary = 'canary@leak.invalid';
    const response = await post(url, {
      name: canary.repeat(3),
      size: { width: canary, depth: canary },
      extra: canary,
    });
    const text = await response.clone().text();
    const problem = await problemOf(response);
    expect(problem.code).toBe('BAD_REQUEST');
    expect(problem.errors.map((error) => error.path).sort()).toEqual([
      'extra',
      'name',
      'size.depth',
      'size.width',
    ]);
    expect(text).not.toContain('canary');
  });

  it('refuses unknown fields by name, and not more than twenty of them', async () => {
    const { url } = await api();
    const unknown = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`field_${index}`, 1]));
    const problem = await problemOf(await post(url, { name: 'x', ...unknown }));
    expect(problem.errors).toEqual(
      Array.from({ length: 20 }, (_, index) => ({ path: `field_${index}`, message: 'not a known field' })),
    );
  });

  it.each(['somebody@leak.invalid', '+49 555 0143 927', '_4955501439', '<b>', 'x'.repeat(61), 'a b', 'é'])(
    'does not repeat %j, which is no name of a field',
    async (name) => {
      const { url } = await api();
      const response = await post(url, { name: 'x', [name]: 1 });
      const text = await response.clone().text();
      expect((await problemOf(response)).errors).toEqual([{ path: '?', message: 'not a known field' }]);
      expect(text).not.toContain(name);
    },
  );

  it('refuses __proto__ by name like any unknown field', async () => {
    const { url } = await api();
    const body = '{"name":"x","__proto__":{"polluted":true}}';
    const response = await fetch(`${url}/v1/things`, { method: 'POST', headers: JSON_HEADERS, body });
    expect((await problemOf(response)).errors.map((error) => error.path)).toEqual(['__proto__']);
  });

  it('answers 404 for a path it does not know and for a text that is no id', async () => {
    const { url } = await api();
    for (const path of ['/v1/nothing', '/v1/things/ord_1', '/v1/things/..%2f..%2fetc']) {
      const response = await fetch(url + path, { headers: JSON_HEADERS });
      expect((await problemOf(response)).code).toBe('NOT_FOUND');
    }
  });

  it('answers 405 with the methods that the path takes', async () => {
    const { url } = await api();
    const put = await fetch(`${url}/v1/things`, { method: 'PUT', headers: JSON_HEADERS, body: '{}' });
    expect((await problemOf(put)).code).toBe('METHOD_NOT_ALLOWED');
    expect(put.headers.get('allow')).toBe('POST');
    const remove = await fetch(`${url}/v1/things/${randomId('order')}`, {
      method: 'DELETE',
      headers: JSON_HEADERS,
    });
    expect([remove.status, remove.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('asks for a credential before it says what exists', async () => {
    const { url } = await api();
    for (const path of ['/v1/nothing', '/v1/things']) {
      const response = await fetch(url + path);
      expect((await problemOf(response)).code).toBe('UNAUTHENTICATED');
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it('names the scope that a key lacks', async () => {
    const { url } = await api();
    const problem = await problemOf(await fetch(`${url}/v1/secret`, { headers: JSON_HEADERS }));
    expect([problem.code, problem.detail]).toEqual([
      'FORBIDDEN',
      'the API key does not have the scope audit:read',
    ]);
  });
});

describe('a body', () => {
  it('above 1 MB is refused', async () => {
    const { url } = await api();
    const problem = await problemOf(await post(url, { name: 'x'.repeat(1_000_001) }));
    expect(problem.code).toBe('PAYLOAD_TOO_LARGE');
  });

  it.each([
    ['of another type', { 'content-type': 'text/plain' }, '{"name":"x"}'],
    ['of a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'name=x'],
    ['without a type', {}, '{"name":"x"}'],
    [
      'that is compressed',
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      gzipSync('{"name":"x"}'),
    ],
  ])('%s is refused', async (_, headers, body) => {
    const { url } = await api();
    const answer = await send(url, {
      method: 'POST',
      path: '/v1/things',
      headers: { authorization: 'Bearer good', ...headers },
      body,
    });
    expect([answer.status, Problem.parse(JSON.parse(answer.body)).code]).toEqual([
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ]);
  });

  it('that is missing where one is needed is a bad request', async () => {
    const { url } = await api();
    for (const headers of [JSON_HEADERS, { authorization: 'Bearer good' }]) {
      const answer = await send(url, {
        method: 'POST',
        path: '/v1/things',
        headers: { ...headers, 'content-length': '0' },
      });
      expect([answer.status, Problem.parse(JSON.parse(answer.body)).code]).toEqual([400, 'BAD_REQUEST']);
    }
  });
});

describe('what functions-framework would answer by itself is a problem that carries nothing', () => {
  beforeAll(guardBodies);

  it.each([
    [
      'malformed JSON',
      { 'content-type': 'application/json' },
      '/v1/things',
      '{"name": canary',
      'BAD_REQUEST',
    ],
    [
      'an unknown charset',
      { 'content-type': 'application/json; charset=canary' },
      '/v1/things',
      '{}',
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'an unknown encoding',
      { 'content-type': 'application/json', 'content-encoding': 'canary' },
      '/v1/things',
      '{}',
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['a path that does not decode', { 'content-type': 'application/json' }, '/canary/%ff', '{}', 'NOT_FOUND'],
  ])('%s', async (_, headers, path, body, code) => {
    const { url } = await api();
    const answer = await send(url, {
      method: 'POST',
      path,
      headers: { authorization: 'Bearer good', ...headers },
      body,
    });
    const problem = Problem.parse(JSON.parse(answer.body));
    expect(problem).toMatchObject({ code, status: answer.status });
    expect(answer.body).not.toMatch(/canary|node_modules|Error:| at /i);
  });
});

describe('a failure on our side', () => {
  it('is told as INTERNAL, and the log gets class and place without the message', async () => {
    const { url, lines } = await api(() => {
      throw new TypeError('canary@leak.invalid\n    at canary/leak.ts:1:1');
    });
    const response = await fetch(`${url}/v1/things/${randomId('order')}`, {
      headers: { ...JSON_HEADERS, 'x-cloud-trace-context': `${'ab'.repeat(16)}/1;o=1` },
    });
    const problem = await problemOf(response);
    expect([problem.code, problem.detail]).toEqual(['INTERNAL', 'Something went wrong on our side']);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('canary');
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(line).toMatchObject({
      severity: 'ERROR',
      event: 'request.failed',
      requestId: problem.requestId,
      errorClass: 'TypeError',
      'logging.googleapis.com/trace': `projects/demo/traces/${'ab'.repeat(16)}`,
    });
    expect((line['frames'] as string[])[0]).toMatch(/^http\/app\.test\.ts:\d+$/);
  });

  it.each([4, 8, 10, 14])('of gRPC code %i is 503 with Retry-After', async (code) => {
    const { url } = await api(() => {
      throw Object.assign(new Error('canary'), { code });
    });
    const response = await fetch(`${url}/v1/things/${randomId('order')}`, { headers: JSON_HEADERS });
    expect((await problemOf(response)).code).toBe('UNAVAILABLE');
    expect(response.headers.get('retry-after')).toBe('5');
  });

  it('of a record that does not open says nothing of why', async () => {
    const bodies = [];
    for (const code of ['KEY_GONE', 'SEAL_BROKEN'] as const) {
      const { url } = await api(() => {
        throw new AppError(code, 'which of the two it was');
      });
      bodies.push(
        await problemOf(await fetch(`${url}/v1/things/${randomId('order')}`, { headers: JSON_HEADERS })),
      );
    }
    expect(bodies.map((body) => [body.status, body.detail])).toEqual([
      [500, 'The record can not be opened'],
      [500, 'The record can not be opened'],
    ]);
  });
});

describe('a request that makes no URL', () => {
  it('is a bad request', async () => {
    const { url } = await api();
    const answer = await send(url, { method: 'GET', path: '/v1/things', headers: { host: 'a b' } });
    expect([answer.status, Problem.parse(JSON.parse(answer.body)).code]).toEqual([400, 'BAD_REQUEST']);
  });
});
