import { describe, expect, it } from 'vitest';
import { shopifyHeaders } from '../../local/shops/shopify.ts';
import type { ConnectionSecrets, Delivery } from '../../shared/commerce/platform.ts';
import { platformOf } from '../../shared/commerce/platforms.ts';

const NOW = Date.UTC(2026, 10, 23, 9);
const SHOP = 'test-shop.myshopify.com';
const SECRET = 'shpss_known-answer';
const BODY = Buffer.from('{"id":1}');
/** openssl dgst -sha256 -hmac shpss_known-answer -binary | base64 */
const KNOWN = 'AjqONHn7SbXroiqS4yOnjCJoRyw/TvZHpXbM8DBUVqQ=';

function verify(delivery: Delivery, secrets = [SECRET]): Delivery {
  return platformOf('shopify').verify(delivery, { platform: 'shopify', secrets, shop: SHOP }, () => NOW);
}

function signed(secret = SECRET, body = BODY): Delivery {
  const headers = shopifyHeaders({ secret, shop: SHOP, topic: 'orders/create', body });
  return {
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    body,
  };
}

function withHeader(name: string, value: string | undefined): Delivery {
  const delivery = signed();
  return { ...delivery, headers: { ...delivery.headers, [name]: value } };
}

const refused = expect.objectContaining({ code: 'UNAUTHENTICATED' }) as unknown;

describe('a delivery of Shopify', () => {
  it('is taken with the signature that openssl makes', () => {
    const delivery = { headers: { 'x-shopify-hmac-sha256': KNOWN }, body: BODY };
    expect(verify(delivery)).toBe(delivery);
  });

  it('is taken with the signature that the sender makes', () => {
    expect(signed().headers['x-shopify-hmac-sha256']).toBe(KNOWN);
    expect(() => verify(signed())).not.toThrow();
  });

  it('is taken with either of two secrets while one is rotated', () => {
    expect(() => verify(signed('old'), ['new', 'old'])).not.toThrow();
    expect(() => verify(signed('new'), ['new', 'old'])).not.toThrow();
    expect(() => verify(signed('older'), ['new', 'old'])).toThrow(refused);
  });

  it('is refused when one bit of the body differs', () => {
    const delivery = signed();
    const body = Buffer.from(delivery.body);
    body[3] = (body[3] ?? 0) ^ 1;
    expect(() => verify({ ...delivery, body })).toThrow(refused);
  });

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['not base64', '!'.repeat(44)],
    ['too short', KNOWN.slice(0, 40)],
    ['too long', `${KNOWN}AAAA`],
    ['given twice', `${KNOWN}, ${KNOWN}`],
    ['hexadecimal', Buffer.from(KNOWN, 'base64').toString('hex')],
    ['of base64url', KNOWN.replaceAll('+', '-').replaceAll('/', '_').replace('=', '')],
    ['all zeros', Buffer.alloc(32).toString('base64')],
  ])('is refused when its signature is %s', (_what, signature) => {
    expect(() => verify(withHeader('x-shopify-hmac-sha256', signature))).toThrow(refused);
  });

  it('is refused when the connection has no secret, even one of zeros', () => {
    expect(() =>
      verify(withHeader('x-shopify-hmac-sha256', Buffer.alloc(32).toString('base64')), []),
    ).toThrow(refused);
    expect(() => verify(signed(), [])).toThrow(refused);
  });

  it('is refused when it names another shop, and taken in any case of letters or without a name', () => {
    expect(() => verify(withHeader('x-shopify-shop-domain', 'other-shop.myshopify.com'))).toThrow(refused);
    expect(() => verify(withHeader('x-shopify-shop-domain', SHOP.toUpperCase()))).not.toThrow();
    expect(() => verify(withHeader('x-shopify-shop-domain', undefined))).not.toThrow();
  });

  it('is refused by the secrets of another platform', () => {
    const secrets: ConnectionSecrets = { platform: 'standard', secrets: [], publicKeys: [] };
    expect(() => platformOf('shopify').verify(signed(), secrets, () => NOW)).toThrow(refused);
  });
});
