import { describe, expect, it } from 'vitest';
import { Settings } from '../../infra/terraform/settings.ts';
import { SETTINGS } from './plan.ts';

describe('settings', () => {
  it.each([
    ['project', { project: 'Acme' }],
    ['project', { project: 'acme"; x' }],
    ['offsiteProject', { offsiteProject: 'acme-hub' }],
    ['region', { region: 'Belgium' }],
    ['offsiteRegion', { offsiteRegion: 'europe-west1' }],
    ['domain', { domain: 'https://hub.example.com' }],
    ['domain', { domain: 'hub.example.com/${x}' }],
    ['mailFrom', { mailFrom: 'hub' }],
    ['operators', { operators: 'allUsers' }],
    ['securityOfficers', { securityOfficers: 'serviceAccount:a@b.iam.gserviceaccount.com' }],
    ['stripe.keys', { stripe: { keys: [], feeBasisPoints: 0 } }],
    ['locations.buckets', { locations: { ...SETTINGS.locations, buckets: 'europe-west1' } }],
    ['locations.offsite', { locations: { ...SETTINGS.locations, offsite: 'eu' } }],
    ['', { secret: 'x' }],
  ])('name what is wrong: %s', (path, change) => {
    const { error } = Settings.safeParse({ ...SETTINGS, ...change });
    expect(error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
  });
});
