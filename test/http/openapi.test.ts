import { createConfig, lintFromString } from '@redocly/openapi-core';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../shared/domain/errors.ts';
import { LETTER_PAGES, letterLink } from '../../shared/domain/letter-page.ts';
import { build } from '../../functions/trust.ts';
import type { OpenApiDocument } from '../../shared/http/openapi.ts';
import { answerCheck } from '../support/openapi-check.ts';
import { serve } from './serve.ts';

const key = (name: string) => `projects/demo/locations/global/keyRings/strongroom/cryptoKeys/${name}`;
const env = {
  GOOGLE_CLOUD_PROJECT: 'demo',
  STRONGROOM_ENV: 'local',
  BASE_URL: 'http://127.0.0.1:8080',
  KMS_TENANT_KEK: key('tenant-kek'),
  KMS_RECOVERY_KEK: key('recovery-kek'),
  KMS_ATTEST: key('attest'),
  LEDGER_BUCKET: 'demo-ledger',
};

async function published(): Promise<{ url: string; response: Response; document: OpenApiDocument }> {
  const url = await serve(build(env, Date.now));
  const response = await fetch(`${url}/v1/openapi.json`);
  return { url, response, document: (await response.json()) as OpenApiDocument };
}

describe('the OpenAPI document', () => {
  it('keeps every recommended rule of Redocly', async () => {
    const { document } = await published();
    const config = await createConfig({ extends: ['recommended'] });
    const problems = await lintFromString({ source: JSON.stringify(document), config });
    expect(
      problems.map((problem) => `${problem.ruleId} ${problem.location[0]?.pointer ?? ''} ${problem.message}`),
    ).toEqual([]);
  });

  it('is OpenAPI 3.1, may be kept, and names where it is served', async () => {
    const { response, document } = await published();
    expect(document.openapi).toBe('3.1.0');
    expect(document.servers).toEqual([{ url: 'http://127.0.0.1:8080' }]);
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');
  });

  it('has one schema for everything that is not a success', async () => {
    const { document } = await published();
    const text = JSON.stringify(document);
    const problems = text.match(/"application\/problem\+json":\{"schema":\{/g) ?? [];
    const shared =
      text.match(
        /"application\/problem\+json":\{"schema":\{"\$ref":"#\/components\/schemas\/Problem"\}\}/g,
      ) ?? [];
    expect(problems.length).toBeGreaterThan(10);
    expect(shared).toHaveLength(problems.length);
  });

  it('names the scope of every operation that needs a key or a role', async () => {
    const { document } = await published();
    for (const [path, operations] of Object.entries(document.paths ?? {})) {
      for (const operation of Object.values(operations) as { security: Record<string, string[]>[] }[]) {
        const byKey = operation.security.find((way) => way['apiKey'] !== undefined)?.['apiKey'];
        const bySession = operation.security.find((way) => way['session'] !== undefined)?.['session'];
        // What a key may do, a member may do by the same scope.
        if (byKey !== undefined) expect([path, byKey.length, byKey]).toEqual([path, 1, bySession]);
      }
    }
  });

  it('lists what anybody may ask', async () => {
    const { document } = await published();
    const open = Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
      Object.entries(operations as Record<string, { security: unknown[] }>)
        .filter(([, { security }]) => security.length === 0)
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    );
    expect(open.filter((each) => / \/v1\/(?!staff)/.test(each)).sort()).toEqual([
      'GET /v1/openapi.json',
      'GET /v1/roots',
      'GET /v1/roots/{n}',
      'GET /v1/trust',
      'POST /v1/companies',
      'POST /v1/companies/certificate',
      'POST /v1/companies/confirm',
      'POST /v1/members/accept',
      'POST /v1/password-resets',
      'POST /v1/password-resets/confirm',
      'POST /v1/recoveries',
      'POST /v1/recoveries/complete',
      'POST /v1/recoveries/start',
      'POST /v1/sessions',
    ]);
  });
});

describe('the reference page', () => {
  it('needs nothing but itself and lets nothing run', async () => {
    const { url } = await published();
    const response = await fetch(`${url}/docs`);
    expect(response.headers.get('content-type')).toContain('text/html');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+';/);
    const page = await response.text();
    expect(page).not.toMatch(/<script|<img|<link rel="stylesheet"|style="| on\w+="/);
  });

  it('shows every operation and explains every code', async () => {
    const { url, document } = await published();
    const page = await (await fetch(`${url}/docs`)).text();
    for (const operations of Object.values(document.paths ?? {})) {
      for (const operation of Object.values(operations) as { operationId: string }[]) {
        expect(page).toContain(`<section id="${operation.operationId}">`);
      }
    }
    for (const code of Object.keys(ERRORS)) expect(page).toContain(`<dt id="${code}">`);
  });

  it('has the very style sheet that its policy allows', async () => {
    const { url } = await published();
    const response = await fetch(`${url}/docs`);
    const style = /<style>([^]*?)<\/style>/.exec(await response.text())?.[1] ?? '';
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style));
    const hash = Buffer.from(digest).toString('base64');
    expect(response.headers.get('content-security-policy')).toContain(`'sha256-${hash}'`);
  });
});

describe('a page that a letter leads to', () => {
  it('says what to call, lets nothing run, and is not there for another name', async () => {
    const { url } = await published();
    for (const page of LETTER_PAGES) {
      const response = await fetch(letterLink(url, page, { token: 'a&b' }));
      expect(response.status, page).toBe(200);
      expect(response.headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; style-src 'sha256-/,
      );
      const text = await response.text();
      expect(text).toMatch(/<code class="call">[A-Z]+ \/v1\//);
      expect(text).not.toMatch(/<script|<img|style="| on\w+="/);
    }
    expect((await fetch(`${url}/app/elsewhere`)).status).toBe(404);
  });
});

describe('the check of answers against the document', () => {
  const problem = {
    type: '/docs#NOT_FOUND',
    title: 'There is no such resource',
    status: 404,
    detail: 'There is no such resource',
    code: 'NOT_FOUND',
    requestId: `req_${'0'.repeat(26)}`,
    errors: [],
  };
  const page = { method: 'GET', path: '/v1/audit?limit=1', status: 200, contentType: 'application/json' };
  const missing = {
    method: 'GET',
    path: '/v1/nowhere',
    status: 404,
    contentType: 'application/problem+json',
  };

  it('passes what is described', async () => {
    const check = answerCheck((await published()).document);
    check({ ...page, body: '{"data":[],"next":null}' });
    check({ ...missing, body: JSON.stringify(problem) });
  });

  it.each([
    ['a status that is not declared', { ...page, status: 299, body: '{}' }],
    [
      'a media type that is not declared',
      { ...page, contentType: 'text/plain', body: '{"data":[],"next":null}' },
    ],
    ['a field too many', { ...page, body: '{"data":[],"next":null,"total":3}' }],
    ['a field too few', { ...page, body: '{"data":[]}' }],
    ['a body that is not JSON', { ...page, body: 'oops' }],
    ['a success where no operation is', { ...missing, status: 200, body: '{}' }],
    ['a problem with a code of its own', { ...missing, body: JSON.stringify({ ...problem, code: 'OOPS' }) }],
  ])('fails %s', async (_, answer) => {
    const check = answerCheck((await published()).document);
    expect(() => {
      check(answer);
    }).toThrow(/^GET \/v1\//);
  });
});
