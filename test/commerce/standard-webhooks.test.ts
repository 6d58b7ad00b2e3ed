import { generateKeyPairSync } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { type StandardSigning, standardHeaders } from '../../local/shops/standard.ts';
import type { CommerceEvent, Delivery } from '../../shared/commerce/platform.ts';
import { platformOf } from '../../shared/commerce/platforms.ts';

const AT = Date.UTC(2026, 10, 23, 0);
const SECRET = 'whsec_a25vd24tYW5zd2VyLWtleS1vZi0yNC1i';
const OTHER_SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const BODY = '{"type":"x"}';
const standard = platformOf('standard');
const refused = expect.objectContaining({ code: 'UNAUTHENTICATED' }) as unknown;

interface Trust {
  secrets?: string[];
  publicKeys?: string[];
  now?: number;
}

function verify(delivery: Delivery, { secrets = [SECRET], publicKeys = [], now = AT }: Trust = {}): Delivery {
  return standard.verify(delivery, { platform: 'standard', secrets, publicKeys }, () => now);
}

function signed(signing: Partial<StandardSigning> = {}): Delivery {
  const body = signing.body ?? BODY;
  const headers = standardHeaders({ id: 'msg_1', at: AT, secrets: [SECRET], ...signing, body });
  return { headers, body: Buffer.from(body) };
}

function withHeader(name: string, value: string | undefined): Delivery {
  const delivery = signed();
  return { ...delivery, headers: { ...delivery.headers, [name]: value } };
}

function keyPair(): { publicKey: string; privateKey: string; longPrivateKey: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const x = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const d = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  return {
    publicKey: `whpk_${x.toString('base64')}`,
    privateKey: `whsk_${d.toString('base64')}`,
    longPrivateKey: `whsk_${Buffer.concat([d, x]).toString('base64')}`,
  };
}

describe('a delivery of Standard Webhooks', () => {
  it('is taken with the signature that openssl makes', () => {
    const headers = {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(AT / 1000),
      'webhook-signature': 'v1,7BDwGSzggH3YwKmZjk0FURVrYTLklceDOJdLmNkpfug=',
    };
    expect(() => verify({ headers, body: Buffer.from(BODY) })).not.toThrow();
    expect(signed().headers).toMatchObject(headers);
  });

  it('is taken with the signature that the specification’s own library makes', () => {
    const signature = new Webhook(SECRET).sign('msg_2', new Date(AT), BODY);
    const headers = {
      'webhook-id': 'msg_2',
      'webhook-timestamp': String(AT / 1000),
      'webhook-signature': signature,
    };
    expect(() => verify({ headers, body: Buffer.from(BODY) })).not.toThrow();
  });

  it('as our own sender signs it is taken by the specification’s own library', () => {
    const headers = standardHeaders({ body: BODY, secrets: [SECRET] });
    expect(new Webhook(SECRET).verify(BODY, headers)).toEqual({ type: 'x' });
  });

  it('is taken with v1a, from a private key with or without its public half', () => {
    const pair = keyPair();
    for (const privateKey of [pair.privateKey, pair.longPrivateKey]) {
      const delivery = signed({ secrets: [], privateKeys: [privateKey] });
      expect(() => verify(delivery, { secrets: [], publicKeys: [pair.publicKey] })).not.toThrow();
      expect(() => verify(delivery, { secrets: [], publicKeys: [keyPair().publicKey] })).toThrow(refused);
      expect(() => verify(delivery)).toThrow(refused);
    }
  });

  it('is taken when one of several signatures is by one of several keys', () => {
    const [ours, theirs] = [keyPair(), keyPair()];
    const both = signed({
      secrets: [OTHER_SECRET, SECRET],
      privateKeys: [theirs.privateKey, ours.privateKey],
    });
    expect(() => verify(both)).not.toThrow();
    expect(() =>
      verify(both, { secrets: [], publicKeys: [keyPair().publicKey, ours.publicKey] }),
    ).not.toThrow();
    expect(() => verify(both, { secrets: [], publicKeys: [keyPair().publicKey] })).toThrow(refused);
    expect(() =>
      verify(signed({ secrets: [OTHER_SECRET] }), { secrets: [SECRET, OTHER_SECRET] }),
    ).not.toThrow();
  });

  it('passes over versions of signatures that are not known', () => {
    const known = signed().headers['webhook-signature'] as string;
    expect(() => verify(withHeader('webhook-signature', `v2,abc ${known}`))).not.toThrow();
    expect(() => verify(withHeader('webhook-signature', known.replace('v1', 'v2')))).toThrow(refused);
  });

  it('is refused beyond 300 seconds, old or ahead of its time', () => {
    for (const seconds of [-300, 0, 300])
      expect(() => verify(signed(), { now: AT + seconds * 1000 })).not.toThrow();
    for (const seconds of [-301, 301])
      expect(() => verify(signed(), { now: AT + seconds * 1000 })).toThrow(refused);
  });

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])(
    'is refused when %s is missing, empty, given twice or changed',
    (name) => {
      const value = signed().headers[name] as string;
      for (const other of [undefined, '', `${value}, ${value}`, `${value}0`, `${value} `, ` ${value}`]) {
        expect(() => verify(withHeader(name, other))).toThrow(refused);
      }
    },
  );

  it.each(['1e9', '0x10', '-1', '+1795392000', 'NaN', '1795392000.0', '9'.repeat(20)])(
    'is refused with the timestamp %s',
    (at) => {
      expect(() => verify(withHeader('webhook-timestamp', at))).toThrow(refused);
    },
  );

  it('is refused when its body was changed, or signed by nobody we know', () => {
    expect(() => verify({ ...signed(), body: Buffer.from('{"type":"y"}') })).toThrow(refused);
    expect(() => verify(signed({ secrets: [OTHER_SECRET] }))).toThrow(refused);
    expect(() => verify(signed(), { secrets: [] })).toThrow(refused);
  });

  it('is refused with more signatures than any sender needs', () => {
    const known = signed().headers['webhook-signature'] as string;
    expect(() => verify(withHeader('webhook-signature', `${'v1,aaaa '.repeat(10)}${known}`))).toThrow(
      refused,
    );
  });

  it('is refused by the secrets of another platform', () => {
    expect(() => standard.verify(signed(), { platform: 'shopify', secrets: [], shop: '' }, () => AT)).toThrow(
      refused,
    );
  });
});

const DATA = {
  externalId: 'A-1',
  code: '#1 ü',
  currency: 'EUR',
  lines: [
    { sku: 'A', title: 'Mug', quantity: 2, unitPrice: 500 },
    { sku: 'B', title: '', quantity: 1, unitPrice: 0 },
    { sku: 'A', title: 'Mug', quantity: 1, unitPrice: 450 },
  ],
  totals: { items: 1450, shipping: 0, tax: 232, discount: 0, total: 1450 },
  shipTo: { firstName: 'Test', lastName: 'Shopper', streetAddress: '1 Sample Street\r\n\r\nSampleton\u0000', postalCode: '12345', region: '', country: 'DE' },
  updatedAt: '2026-11-23T01:00:00+01:00',
}; // prettier-ignore

function read(event: unknown): CommerceEvent {
  const delivery = signed({ body: JSON.stringify(event) });
  return standard.read(
    standard.verify(delivery, { platform: 'standard', secrets: [SECRET], publicKeys: [] }, () => AT),
  );
}

function wrongAt(data: unknown): string[] {
  try {
    read({ type: 'order.created', data });
  } catch (error) {
    return (error as { fields: { path: string }[] }).fields.map((field) => field.path);
  }
  throw new Error('nothing was wrong');
}

describe('an order of Standard Webhooks', () => {
  it('is read as it is, paid, each line by its SKU and how often that came before', () => {
    expect(read({ type: 'order.created', timestamp: '2026-11-23T00:00:00Z', data: DATA })).toEqual({
      kind: 'order',
      order: {
        externalId: 'A-1',
        code: '#1',
        currency: 'EUR',
        paid: true,
        cancelled: false,
        shippingService: null,
        lines: ['A#1', 'B#1', 'A#2'].map((key, index) => ({
          key,
          ...DATA.lines[index],
          cancelledQuantity: 0,
          fulfilledQuantity: 0,
        })),
        totals: DATA.totals,
        shipTo: { ...DATA.shipTo, streetAddress: '1 Sample Street\nSampleton' },
        updatedAt: '2026-11-23T00:00:00.000Z',
        scrub: [],
      },
    });
  });

  it('is cancelled by its type', () => {
    expect(read({ type: 'order.cancelled', data: DATA })).toMatchObject({ order: { cancelled: true } });
    expect(read({ type: 'order.updated', data: DATA })).toMatchObject({ order: { cancelled: false } });
  });

  it('drops what is not in the schema, and remembers its contacts only for the cleaning', () => {
    const data = {
      ...DATA,
      customerEmail: 'some@example.com',
      lines: DATA.lines.map((line) => ({ ...line, note: 'canary' })),
      shipTo: { ...DATA.shipTo, phone: '+49 30 9018200', company: 'canary' },
      totals: { ...DATA.totals, tip: 'canary' },
    };
    const event = read({ type: 'order.created', data, clientIp: '203.0.113.7' });
    if (event.kind !== 'order') throw new Error('ignored');
    const { scrub, ...kept } = event.order;
    expect(JSON.stringify(kept)).not.toMatch(/canary|example\.com|9018200|203/);
    expect(scrub.toSorted()).toEqual(['+49 30 9018200', '203.0.113.7', 'some@example.com']);
  });

  it('of another type is ignored', () => {
    expect(read({ type: 'product.created', data: 5 })).toEqual({ kind: 'ignored', reason: 'topic' });
  });

  it('is refused by the fields that are wrong', () => {
    expect(wrongAt(undefined)).toEqual(['data']);
    expect(wrongAt({ ...DATA, lines: [] })).toEqual(['data.lines']);
    expect(wrongAt({ ...DATA, lines: [{ ...DATA.lines[0], quantity: 0, unitPrice: 1.5 }] })).toEqual([
      'data.lines.0.quantity',
      'data.lines.0.unitPrice',
    ]);
    expect(wrongAt({ ...DATA, totals: { ...DATA.totals, total: -1 } })).toEqual(['data.totals.total']);
    expect(wrongAt({ ...DATA, shipTo: { ...DATA.shipTo, country: 'Germany' } })).toEqual([
      'data.shipTo.country',
    ]);
    expect(wrongAt({ ...DATA, code: 'ü', externalId: '\u0000' })).toEqual(['data.externalId', 'data.code']);
    expect(wrongAt({ ...DATA, currency: 'XTS', updatedAt: 'now' })).toEqual([
      'data.currency',
      'data.updatedAt',
    ]);
    expect(() => read({ type: 5 })).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
    expect(() => read([])).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
  });
});
