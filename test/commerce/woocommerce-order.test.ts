import { describe, expect, it } from 'vitest';
import { sampleWooCommerceOrder } from '../../local/shops/sample-woocommerce-order.ts';
import { wooCommerceHeadersOf } from '../../local/shops/woocommerce.ts';
import type { CommerceEvent } from '../../shared/commerce/platform.ts';
import { platformOf } from '../../shared/commerce/platforms.ts';
import { isWooCommercePing } from '../../shared/commerce/woocommerce.ts';
import type { IncomingOrder } from '../../shared/domain/order.ts';

const AT = Date.UTC(2026, 10, 23, 9);
const SECRETS = {
  platform: 'woocommerce',
  secrets: ['new', 'old'],
  site: 'https://woo.example.com',
  consumerKey: 'ck',
  consumerSecret: 'cs',
} as const;

function headersOf(body: string, topic: string, secret = 'old'): Record<string, string> {
  const [resource = '', event = ''] = topic.split('.');
  const made = wooCommerceHeadersOf({ id: 3, topic, resource, event, secret, body, now: AT });
  return Object.fromEntries(Object.entries(made).map(([name, value]) => [name.toLowerCase(), value]));
}

function read(payload: unknown, topic = 'order.created', change: Record<string, string> = {}): CommerceEvent {
  const body = JSON.stringify(payload);
  const delivery = { headers: { ...headersOf(body, topic), ...change }, body: Buffer.from(body) };
  const woo = platformOf('woocommerce');
  return woo.read(woo.verify(delivery, { ...SECRETS, secrets: [...SECRETS.secrets] }, () => AT));
}

function order(change: Record<string, unknown> = {}, topic?: string): IncomingOrder {
  const event = read(sampleWooCommerceOrder({ id: 88, at: AT, change }), topic);
  if (event.kind !== 'order') throw new Error(`not an order: ${event.kind}`);
  return event.order;
}

function wrongAt(change: Record<string, unknown>): string[] {
  try {
    order(change);
  } catch (error) {
    expect(error).toMatchObject({ code: 'BAD_REQUEST' });
    return (error as { fields: { path: string }[] }).fields.map((field) => field.path);
  }
  throw new Error('nothing was wrong');
}

describe('an order of WooCommerce', () => {
  it('keeps exactly what an order has', () => {
    expect(order()).toEqual({
      // What is not said to be restored may be from before the order was deleted.
      event: 'stale',
      externalId: '88',
      code: '#88',
      currency: 'USD',
      paid: true,
      cancelled: false,
      shippingService: 'flat_rate',
      lines: ['GREEN', 'RED', 'BLACK'].map((colour, place) => ({
        key: String(101 + place),
        sku: `IPOD2008${colour}`,
        title: `Music player - 8 GB - ${colour.toLowerCase()}`,
        quantity: 1,
        cancelledQuantity: 0,
        fulfilledQuantity: 0,
        unitPrice: 19_900,
      })),
      totals: { items: 59_700, shipping: 1000, tax: 1194, discount: 2000, total: 59_894 },
      shipTo: {
        firstName: 'Test',
        lastName: 'Shopper',
        streetAddress: '12 Sample Street\nApt 3\nSampleton',
        postalCode: '40003',
        region: 'KY',
        country: 'US',
      },
      updatedAt: '2026-11-23T09:00:00.000Z',
      scrub: ['203.0.113.7', '+1 202-555-0143', 'test.shopper@example.com'],
    });
  });

  it.each([
    ['pending', false, false],
    ['on-hold', false, false],
    ['failed', false, false],
    ['checkout-draft', false, false],
    ['processing', true, false],
    ['completed', true, false],
    ['shipped-by-an-app', true, false],
    ['cancelled', true, true],
    ['refunded', true, true],
    ['trash', true, true],
  ])('in the state %s is paid: %s, cancelled: %s', (status, paid, cancelled) => {
    expect(order({ status })).toMatchObject({ paid, cancelled });
  });

  it('of cash on delivery is to be shipped without a payment; a partly refunded one waits', () => {
    expect(order({ date_paid_gmt: null }).paid).toBe(true);
    expect(order({ status: 'a-state-of-its-own', date_paid_gmt: null }).paid).toBe(false);
    expect(order({ refunds: [{ id: 1, total: '-5.00' }] }).paid).toBe(false);
  });

  it('that the shop has completed was shipped by the shop', () => {
    expect(order({ status: 'completed' }).lines.map((line) => line.fulfilledQuantity)).toEqual([1, 1, 1]);
  });

  it('is sent to the billing address where the shop has no other', () => {
    const empty = { first_name: '', last_name: '', address_1: '', city: '', postcode: '', country: '' };
    expect(order({ shipping: empty }).shipTo).toMatchObject({ firstName: 'Test', postalCode: '40003' });
    expect(order({ shipping: empty, billing: empty }).shipTo).toBeNull();
  });

  it('names a line without a SKU by its variation, its product, or itself', () => {
    const line = {
      id: 7,
      name: 'A thing',
      product_id: 50,
      variation_id: 61,
      quantity: 2,
      subtotal: '3.00',
      sku: '',
    };
    const skus = [line, { ...line, variation_id: 0 }, { ...line, variation_id: 0, product_id: 0 }].map(
      (each) => order({ line_items: [each] }).lines[0]?.sku,
    );
    expect(skus).toEqual(['variant-61', 'product-50', 'line-7']);
    expect(order({ line_items: [line] }).lines[0]?.unitPrice).toBe(150);
  });

  it('without anything to ship is of no concern', () => {
    const sample = (change: object) => sampleWooCommerceOrder({ id: 1, at: AT, change: { ...change } });
    expect(read(sample({ line_items: [] }))).toEqual({ kind: 'ignored', reason: 'nothing_to_ship' });
    expect(read(sample({ needs_processing: false }))).toMatchObject({ kind: 'ignored' });
  });

  it('that is deleted is told by its id alone; other topics are of no concern', () => {
    expect(read({ id: 88 }, 'order.deleted')).toEqual({ kind: 'removed', externalId: '88' });
    expect(read({ id: 1 }, 'customer.created')).toEqual({ kind: 'ignored', reason: 'topic' });
  });

  it.each([
    [{ id: -1 }, ['id']],
    [{ currency: 'XXX' }, ['currency']],
    [{ date_modified_gmt: 'yesterday' }, ['date_modified_gmt']],
    [{ date_modified_gmt: '2026-99-99T00:00:00' }, ['date_modified_gmt']],
    [{ total: 'much' }, ['total']],
    [{ shipping_total: -1 }, ['shipping_total']],
    [{ line_items: {} }, ['line_items']],
    [{ shipping: null }, ['shipping']],
  ])('is refused by the name of its field: %j', (change, paths) => {
    expect(wrongAt(change)).toEqual(paths);
  });

  it('lets nothing through that no field is for', () => {
    const text = JSON.stringify({ ...order(), scrub: [] });
    for (const dropped of [
      '@',
      '203.0',
      '555-0143',
      'neighbour',
      'wc_order',
      'txn_',
      'Engraving',
      'Browser',
      'key=',
    ]) {
      expect(text).not.toContain(dropped);
    }
  });
});

describe('a signature of WooCommerce', () => {
  it.each([
    ['of another secret', { 'x-wc-webhook-signature': `${'A'.repeat(43)}=` }],
    ['that is none', { 'x-wc-webhook-signature': 'x' }],
  ])('%s is refused', (_what, change) => {
    expect(() => read(sampleWooCommerceOrder({ id: 1, at: AT }), 'order.created', change)).toThrow(
      expect.objectContaining({ code: 'UNAUTHENTICATED' }),
    );
  });
});

describe('the ping of a new webhook', () => {
  const form = 'application/x-www-form-urlencoded';
  it.each([
    [form, 'webhook_id=12', true],
    [`${form}; charset=UTF-8`, 'webhook_id=12', true],
    [form, 'webhook_id=12&email=x', false],
    [form, 'webhook_id=x', false],
    ['application/json', 'webhook_id=12', false],
  ])('is told by its form: %s %s', (type, body, is) => {
    expect(isWooCommercePing({ headers: { 'content-type': type }, body: Buffer.from(body) })).toBe(is);
  });
});
