import { describe, expect, it } from 'vitest';
import { sampleOrder } from '../../local/shops/sample-order.ts';
import { shopifyHeaders } from '../../local/shops/shopify.ts';
import type { CommerceEvent } from '../../shared/commerce/platform.ts';
import { platformOf } from '../../shared/commerce/platforms.ts';
import type { IncomingOrder } from '../../shared/domain/order.ts';

const AT = Date.UTC(2026, 10, 23, 9);
const SHOP = 'test-shop.myshopify.com';

function read(body: string | Buffer, topic = 'orders/create'): CommerceEvent {
  const headers = Object.fromEntries(
    Object.entries(shopifyHeaders({ secret: 's', shop: SHOP, topic, body })).map(([name, value]) => [
      name.toLowerCase(),
      value,
    ]),
  );
  const shopify = platformOf('shopify');
  const delivery = { headers, body: Buffer.from(body) };
  return shopify.read(
    shopify.verify(delivery, { platform: 'shopify', secrets: ['s'], shop: SHOP }, () => AT),
  );
}

function payload(change: Record<string, unknown> = {}): Record<string, unknown> {
  return sampleOrder({ id: 5_000_000_000_001, number: 1001, at: AT, change });
}

function order(change: Record<string, unknown> = {}, topic?: string): IncomingOrder {
  const event = read(JSON.stringify(payload(change)), topic);
  if (event.kind !== 'order') throw new Error(`not an order: ${event.kind}`);
  return event.order;
}

function line(change: Record<string, unknown>): Record<string, unknown> {
  return { ...(payload()['line_items'] as Record<string, unknown>[])[0], ...change };
}

function firstLine(
  change: Record<string, unknown>,
  rest: Record<string, unknown> = {},
): IncomingOrder['lines'][0] | undefined {
  return order({ line_items: [line(change)], ...rest }).lines[0];
}

function address(change: Record<string, unknown>): IncomingOrder['shipTo'] {
  return order({ shipping_address: { ...(payload()['shipping_address'] as object), ...change } }).shipTo;
}

function wrongAt(body: string | Buffer, topic?: string): string[] {
  try {
    read(body, topic);
  } catch (error) {
    expect(error).toMatchObject({ code: 'BAD_REQUEST' });
    return (error as { fields: { path: string }[] }).fields.map((field) => field.path);
  }
  throw new Error('nothing was wrong');
}

describe('an order of Shopify', () => {
  it('keeps exactly what an order has', () => {
    expect(order()).toEqual({
      externalId: '5000000000001',
      code: '#1001',
      currency: 'USD',
      paid: true,
      cancelled: false,
      shippingService: 'standard',
      lines: ['GREEN', 'RED', 'BLACK'].map((colour, index) => ({
        key: String(6000000000001 + index),
        sku: `IPOD2008${colour}`,
        title: `Music player - 8 GB - ${colour.toLowerCase()}`,
        quantity: 1,
        cancelledQuantity: 0,
        fulfilledQuantity: 0,
        unitPrice: 19900,
      })),
      totals: { items: 59700, shipping: 1000, tax: 1194, discount: 2000, total: 59894 },
      shipTo: {
        firstName: 'Test',
        lastName: 'Shopper',
        streetAddress: '12 Sample Street\nApt 3\nSampleton',
        postalCode: '40003',
        region: 'Kentucky',
        country: 'US',
      },
      updatedAt: '2026-11-23T09:00:00.000Z',
      scrub: ['test.shopper@example.com', '+1 202-555-0143', '203.0.113.7'],
    });
  });

  it('lets nothing through that no field is for', () => {
    const canary = 'canary-7f3a';
    const everywhere = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(everywhere);
      if (typeof value !== 'object' || value === null) return value;
      const members = Object.entries(value).map(([key, member]): [string, unknown] => [
        key,
        everywhere(member),
      ]);
      return {
        ...Object.fromEntries(members),
        [canary]: canary,
        note: canary,
        company: canary,
        properties: [canary],
      };
    };
    const kept = { ...order(everywhere(payload()) as Record<string, unknown>), scrub: [] };
    expect(JSON.stringify(kept)).not.toContain(canary);
    for (const dropped of [
      '@',
      '203.0.113',
      '555-0143',
      'neighbour',
      'token',
      'c0ffee',
      'latitude',
      'Engraving',
    ]) {
      expect(JSON.stringify(kept)).not.toContain(dropped);
    }
  });

  it('collects its own emails, phones and addresses of the internet wherever they stand', () => {
    const { scrub } = order({
      note_attributes: [{ name: 'Phone for the courier', value: '0171 1234567' }],
      fulfillments: [
        { status: 'success', email: 'f@example.com', line_items: [], destination: { phone: '030 9018200' } },
      ],
      billing_address: { phone: 2025550199 },
      client_details: { browser_ip: '2001:db8::7' },
      customer: {
        email_marketing_consent: { opt_in_level: 'single_opt_in' },
        emailOptIn: 'single',
        zip: '4000312',
      },
    });
    expect(scrub.toSorted()).toEqual(
      [
        '0171 1234567',
        'f@example.com',
        '030 9018200',
        '2025550199',
        '2001:db8::7',
        'test.shopper@example.com',
        '+1 202-555-0143',
        '203.0.113.7',
      ].toSorted(),
    );
  });

  it('keeps ids above 2^53 to the last digit', () => {
    const body = JSON.stringify(payload())
      .replace('5000000000001', '820982911946154508')
      .replaceAll('6000000000001', '9007199254740993');
    expect(read(body)).toMatchObject({
      order: { externalId: '820982911946154508', lines: [{ key: '9007199254740993' }, {}, {}] },
    });
  });

  it('takes the code from the name, and the order number where nothing of the name is left', () => {
    expect(order({ name: 'Bestellung Nr. 12/ä-3_x' }).code).toBe('BestellungNr.12/-3_x');
    expect(order({ name: '注文', order_number: 77 }).code).toBe('77');
    expect(order({ name: null, order_number: null }).code).toBe('5000000000001');
    expect(order({ name: '#'.repeat(50) }).code).toHaveLength(40);
  });

  it('is paid only when it is paid in full', () => {
    expect(order({ financial_status: 'paid' }).paid).toBe(true);
    for (const status of [
      'pending',
      'authorized',
      'partially_paid',
      'partially_refunded',
      'refunded',
      'voided',
      null,
    ]) {
      expect(order({ financial_status: status }).paid).toBe(false);
    }
  });

  it('is cancelled when its body says so, whatever the topic', () => {
    const cancelled_at = '2026-11-23T10:00:00+01:00';
    expect(order({ cancelled_at }, 'orders/cancelled').cancelled).toBe(true);
    expect(order({ cancelled_at }, 'orders/updated').cancelled).toBe(true);
    expect(wrongAt(JSON.stringify(payload()), 'orders/cancelled')).toEqual(['cancelled_at']);
  });

  it('counts what was taken off a line as cancelled and what a successful fulfilment sent as shipped', () => {
    const fulfillments = [
      { status: 'success', line_items: [{ id: 6000000000001, quantity: 2 }] },
      { status: 'success', line_items: [{ id: 6000000000001, quantity: 1 }] },
      { status: 'failure', line_items: [{ id: 6000000000001, quantity: 5 }] },
      { status: 'cancelled', line_items: null },
    ];
    const line = firstLine({ quantity: 9, current_quantity: 7 }, { fulfillments });
    expect(line).toMatchObject({ quantity: 9, cancelledQuantity: 2, fulfilledQuantity: 3 });
    expect(firstLine({ quantity: 2, current_quantity: null })?.cancelledQuantity).toBe(0);
    expect(firstLine({ quantity: 2, current_quantity: 5 })?.cancelledQuantity).toBe(0);
  });

  it('leaves out what is not shipped, and is ignored when nothing else is in it', () => {
    const download = line({ requires_shipping: false });
    expect(order({ line_items: [download, line({ id: 2 })] }).lines.map(({ key }) => key)).toEqual(['2']);
    const nothing = { kind: 'ignored', reason: 'nothing_to_ship' };
    expect(read(JSON.stringify(payload({ line_items: [download] })))).toEqual(nothing);
    expect(read(JSON.stringify(payload({ line_items: [line({ quantity: 0 })] })))).toEqual(nothing);
    expect(read(JSON.stringify(payload({ line_items: [] })))).toEqual(nothing);
  });

  it('names a line without a usable SKU by its variant, or by itself', () => {
    expect(firstLine({ sku: null })?.sku).toBe('variant-8000000000001');
    expect(firstLine({ sku: ' ' })?.sku).toBe('variant-8000000000001');
    expect(firstLine({ sku: 'x'.repeat(121) })?.sku).toBe('variant-8000000000001');
    expect(firstLine({ sku: '', variant_id: null })?.sku).toBe('line-6000000000001');
    expect(firstLine({ sku: ' A\u0000B ' })?.sku).toBe('A B');
  });

  it('takes amounts as text or as numbers, in the currency’s own units', () => {
    expect(firstLine({ price: 19.9 })?.unitPrice).toBe(1990);
    expect(order({ currency: 'JPY', total_price: '1990' }).totals.total).toBe(1990);
    expect(order({ currency: 'KWD', total_price: '1.234' }).totals.total).toBe(1234);
  });

  it('puts the town on the last line and leaves empty lines out', () => {
    expect(address({ address2: null })?.streetAddress).toBe('12 Sample Street\nSampleton');
    expect(address({ address1: ' ', address2: 'Rear\r\nbuilding\u0000 ' })?.streetAddress).toBe(
      'Rear\nbuilding\nSampleton',
    );
    expect(address({ city: 'Sample\nton' })?.streetAddress).toBe('12 Sample Street\nApt 3\nSample ton');
  });

  it('splits the whole name where the parts are missing', () => {
    expect(address({ first_name: null, last_name: '', name: 'Test A. Shopper' })).toMatchObject({
      firstName: 'Test A.',
      lastName: 'Shopper',
    });
    expect(address({ first_name: null, last_name: null, name: 'Shopper' })).toMatchObject({
      firstName: '',
      lastName: 'Shopper',
    });
    expect(address({ first_name: null, name: 'Other Name' })).toMatchObject({
      firstName: '',
      lastName: 'Shopper',
    });
  });

  it('takes the address from nowhere but the shipping address', () => {
    expect(order({ shipping_address: null }).shipTo).toBeNull();
    expect(address({ country_code: null })).toBeNull();
    expect(address({ province: null, zip: null })).toMatchObject({ region: '', postalCode: '' });
    expect(address({ country_code: 'us' })?.country).toBe('US');
  });

  it('keeps well-formed text without control characters, cut to the room there is', () => {
    expect(address({ first_name: 'T\ud800e\u0000st\u0085' })?.firstName).toBe('T\ufffde st');
    expect(address({ last_name: 'x'.repeat(300) })?.lastName).toHaveLength(200);
  });

  it('keeps a shipping service that is a code, and drops one that could be about a person', () => {
    const service = (code: unknown): string | null =>
      order({ shipping_lines: [{ code, title: 'For Test' }] }).shippingService;
    expect(service('DHL_Express 12:00'.replace(':', '.'))).toBe('DHL_Express 12.00');
    expect(service('Free Shipping (3–5 days)')).toBe('Free Shipping 3 5 days');
    for (const code of [
      'call 202-555-0143',
      'a@example.com',
      'a＠example.com',
      '203.0.113.7',
      '2001:db8::7',
      '٠١٧١١٢٣٤٥٦٧',
      '',
      null,
    ]) {
      expect(service(code)).toBeNull();
    }
    expect(order({ shipping_lines: [] }).shippingService).toBeNull();
  });

  it('says its time in UTC', () => {
    expect(order({ updated_at: '2025-07-02T11:31:21-05:00' }).updatedAt).toBe('2025-07-02T16:31:21.000Z');
    for (const updated_at of [
      null,
      '',
      'yesterday',
      '2025-02-30T00:00:00Z',
      '9999-12-31T23:59:59-05:00',
      '0000-01-01T00:00:00Z',
      5,
    ]) {
      expect(wrongAt(JSON.stringify(payload({ updated_at })))).toEqual(['updated_at']);
    }
  });

  it('of another topic is ignored without being read, and of no topic is refused', () => {
    expect(read('not even JSON', 'carts/update')).toEqual({ kind: 'ignored', reason: 'topic' });
    expect(read('[]', 'customers/redact')).toEqual({ kind: 'ignored', reason: 'topic' });
    const shopify = platformOf('shopify');
    const headers = {
      'x-shopify-hmac-sha256': shopifyHeaders({ secret: 's', shop: SHOP, topic: '', body: '{}' })[
        'X-Shopify-Hmac-SHA256'
      ],
    };
    const delivery = shopify.verify(
      { headers, body: Buffer.from('{}') },
      { platform: 'shopify', secrets: ['s'], shop: SHOP },
      () => AT,
    );
    expect(() => shopify.read(delivery)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
  });

  it('is refused by the fields that are wrong, and by no name of the sender’s own', () => {
    expect(wrongAt('{"secret-name":1}')).toEqual(
      expect.arrayContaining(['id', 'currency', 'line_items', 'total_price']),
    );
    expect(wrongAt('{"secret-name":1}').join()).not.toContain('secret');
    expect(wrongAt('[]')).toEqual(['body']);
    expect(wrongAt('null')).toEqual(['body']);
    expect(wrongAt(JSON.stringify(payload({ line_items: [line({ price: '1,99' })] })))).toEqual([
      'line_items.0.price',
    ]);
    expect(wrongAt(JSON.stringify(payload({ line_items: [line({ quantity: 1.5 })] })))).toEqual([
      'line_items.0.quantity',
    ]);
    expect(wrongAt(JSON.stringify(payload({ line_items: [line({ quantity: '1' })] })))).toEqual([
      'line_items.0.quantity',
    ]);
    expect(wrongAt(JSON.stringify(payload({ total_tax: -1 })))).toEqual(['total_tax']);
    expect(wrongAt(JSON.stringify(payload({ currency: 'XXX' })))).toEqual(['currency']);
    expect(wrongAt(JSON.stringify(payload({ line_items: Array(501).fill(line({})) })))).toEqual([
      'line_items',
    ]);
  });
});
