import { describe, expect, it } from 'vitest';
import { globPattern, readRoutes } from '../../local/routes.ts';

describe('the routes table of firebase.json', () => {
  const route = readRoutes();

  it.each([
    ['/webhooks/con_1', 'webhooks'],
    ['/v1/orders', 'orders'],
    ['/v1/orders/ord_1/fulfilments', 'orders'],
    ['/v1/erasures', 'orders'],
    ['/v1/erasures/era_1', 'orders'],
    ['/v1/companies', 'accounts'],
    ['/v1/companies/confirm', 'accounts'],
    ['/v1/company', 'accounts'],
    ['/v1/company/keep', 'accounts'],
    ['/v1/sessions/ses_1', 'accounts'],
    ['/v1/password', 'accounts'],
    ['/v1/password-resets/confirm', 'accounts'],
    ['/v1/recoveries/start', 'accounts'],
    ['/v1/second-factors/totp/confirm', 'accounts'],
    ['/v1/members/accept', 'accounts'],
    ['/v1/api-keys', 'accounts'],
    ['/v1/export/orders', 'export'],
    ['/v1/approvals/sup_1/approve', 'accounts'],
    ['/v1/staff', 'support'],
    ['/v1/staff/sessions/options', 'support'],
    ['/v1/support/requests/sup_1/open', 'support'],
    ['/v1/audit', 'audit'],
    ['/v1/audit/aud_1', 'audit'],
    ['/.well-known/jwks.json', 'trust'],
    ['/v1/openapi.json', 'trust'],
    ['/docs', 'trust'],
    ['/app/confirm', 'trust'],
  ])('leads %s to %s', (path, name) => {
    expect(route(path)).toBe(name);
  });

  it.each([
    '/',
    '/v1',
    '/v1/ordersX',
    '/webhooks',
    '/dead-letters',
    '/sweep',
    '/erase',
    '/route-order',
    '/disclose',
    '/orders',
    '/lists',
    '/actions',
    '/ends',
    '/review',
    '/docs/',
    '/app',
    '',
    '*',
  ])('leads %s nowhere', (path) => {
    expect(route(path)).toBeUndefined();
  });
});

describe('a glob', () => {
  it('takes every other character as itself', () => {
    expect(globPattern('/a.b+c').test('/a.b+c')).toBe(true);
    expect(globPattern('/a.b+c').test('/aXbbc')).toBe(false);
  });

  it('keeps a single star within a segment', () => {
    expect(globPattern('/a/*/c').test('/a/b/c')).toBe(true);
    expect(globPattern('/a/*/c').test('/a/b/b/c')).toBe(false);
  });
});
