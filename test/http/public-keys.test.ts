import { createHash, createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { build } from '../../functions/trust.ts';
import { provisionKeys } from '../../local/kms/provision.ts';
import { startKms } from '../../local/kms/server.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { createKms } from '../../shared/cloud/kms.ts';
import { openApiDocument, type OpenApiDocument } from '../../shared/http/openapi.ts';
import { trustRoutes } from '../../shared/http/trust/routes.ts';
import { answerCheck } from '../support/openapi-check.ts';
import { serve } from './serve.ts';

const document: OpenApiDocument = openApiDocument(trustRoutes, 'http://127.0.0.1:8080');

describe('GET /.well-known/jwks.json', () => {
  it('shows the keys that our statements are checked with, and may be kept', async () => {
    const kms = await startKms({});
    onTestFinished(() => kms.close());
    const keys = await provisionKeys({ port: kms.port, projectId: 'trust', now: Date.now });
    const env = {
      GOOGLE_CLOUD_PROJECT: 'trust',
      STRONGROOM_ENV: 'local',
      BASE_URL: 'http://127.0.0.1:8080',
      KMS_TENANT_KEK: keys.tenantKek,
      KMS_RECOVERY_KEK: keys.recoveryKek,
      KMS_ATTEST: keys.attest,
      LEDGER_BUCKET: 'ledger',
      CLOUD_ENDPOINT: `127.0.0.1:${kms.port}`,
    };
    const url = await serve(build(env, Date.now));

    const path = '/.well-known/jwks.json';
    const response = await fetch(url + path);
    const body = await response.text();
    const contentType = response.headers.get('content-type');
    answerCheck(document)({ method: 'GET', path, status: response.status, contentType, body });
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');

    const statement = Buffer.from('a statement');
    const digest = createHash('sha256').update(statement).digest();
    const { signature } = await createKms(readConfig(env)).signDigest(digest);
    const published = (JSON.parse(body) as { keys: JsonWebKey[] }).keys;
    expect(published).toHaveLength(1);
    const key = createPublicKey({ key: published[0] ?? {}, format: 'jwk' });
    expect(verify('sha256', statement, key, signature)).toBe(true);
  });
});
