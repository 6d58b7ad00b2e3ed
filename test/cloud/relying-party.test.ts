import { describe, expect, it } from 'vitest';
import { readConfig } from '../../shared/cloud/config.ts';

const KEY = 'projects/p/locations/global/keyRings/strongroom/cryptoKeys/k';
const env = (baseUrl: string, rpId?: string): NodeJS.ProcessEnv => ({
  ...{ GOOGLE_CLOUD_PROJECT: 'p', LEDGER_BUCKET: 'ledger', BASE_URL: baseUrl },
  ...{ KMS_TENANT_KEK: KEY, KMS_RECOVERY_KEK: KEY, KMS_ATTEST: KEY },
  ...(baseUrl.startsWith('http:') && { STRONGROOM_ENV: 'local' }),
  ...(rpId !== undefined && { RP_ID: rpId }),
});
const relyingParty = (baseUrl: string, rpId?: string) => readConfig(env(baseUrl, rpId)).relyingParty;

describe('whom passkeys are for', () => {
  it('is the host of the hub, on its pages alone', () => {
    const party = { id: 'app.hub.example', origin: 'https://app.hub.example' };
    expect(relyingParty('https://app.hub.example/')).toEqual(party);
  });

  it('may be a domain above the host', () => {
    const party = { id: 'hub.example', origin: 'https://app.hub.example' };
    expect(relyingParty('https://app.hub.example', 'hub.example')).toEqual(party);
  });

  it.each(['evil.example', 'ub.example', 'x.app.hub.example'])('is never another domain: %s', (rpId) => {
    expect(() => relyingParty('https://app.hub.example', rpId)).toThrow(/^RP_ID/);
  });

  it('is localhost on one machine, since an address can not have passkeys', () => {
    const party = { id: 'localhost', origin: 'http://localhost:8080' };
    expect(relyingParty('http://127.0.0.1:8080')).toEqual(party);
  });
});
