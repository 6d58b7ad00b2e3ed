import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { type BigCommerceOrder, sampleBigCommerceOrder } from '../../local/shops/sample-bigcommerce-order.ts';
import { readBigCommerceOrder } from '../../shared/commerce/bigcommerce.ts';
import { platformOf } from '../../shared/commerce/platforms.ts';
import type { IncomingOrder } from '../../shared/domain/order.ts';

const AT = Date.UTC(2026, 10, 23, 9);
const SECRETS = {
  platform: 'bigcommerce',
  secrets: ['of the client'],
  storeHash: 'abc123',
  token: 't',
} as const;

function order(
  change: Record<string, unknown> = {},
  more: (sample: BigCommerceOrder) => void = () => undefined,
) {
  const sample = sampleBigCommerceOrder({ id: 247, at: AT, change });
  more(sample);
  return readBigCommerceOrder(sample);
}

function incoming(...given: Parameters<typeof order>): IncomingOrder {
  const event = order(...given);
  if (event.kind !== 'order') throw new Error(`not an order: ${event.kind}`);
  return event.order;
}

/** Signed by the library of Standard Webhooks, as BigCommerce's documentation tells apps to verify. */
function event(payload: object, secret = 'of the client') {
  const body = JSON.stringify(payload);
  const webhook = new Webhook(Buffer.from(secret).toString('base64'));
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(AT / 1000),
    'webhook-signature': webhook.sign('msg_1', new Date(AT), body),
  };
  const big = platformOf('bigcommerce');
  const delivery = { headers, body: Buffer.from(body) };
  return big.read(big.verify(delivery, { ...SECRETS, secrets: [...SECRETS.secrets] }, () => AT));
}

describe('an event of BigCommerce', () => {
  it('names the order that is to be fetched', () => {
    const data = { type: 'order', id: 250, status: { previous_status_id: 0, new_status_id: 11 } };
    for (const scope of ['store/order/created', 'store/order/statusUpdated', 'store/order/refund/created']) {
      expect(event({ scope, store_id: '1', data, hash: 'h' })).toEqual({ kind: 'fetch', externalId: '250' });
    }
    const shipment = { scope: 'store/shipment/created', data: { type: 'shipment', id: 12, orderId: 251 } };
    expect(event(shipment)).toEqual({ kind: 'fetch', externalId: '251' });
    expect(event({ scope: 'store/app/uninstalled', data: { type: 'app' } })).toEqual({ kind: 'uninstalled' });
    expect(event({ scope: 'store/app/uninstalled', created_at: 1_767_225_600 })).toEqual({
      ...{ kind: 'uninstalled', at: '2026-01-01T00:00:00.000Z' },
    });
    expect(event({ scope: 'store/cart/updated', data: { id: 1 } })).toMatchObject({ kind: 'ignored' });
  });

  it('is refused without a signature by the client secret', () => {
    expect(() => event({ scope: 'store/order/created', data: { id: 1 } }, 'of somebody else')).toThrow(
      expect.objectContaining({ code: 'UNAUTHENTICATED' }),
    );
  });
});

describe('an order of BigCommerce', () => {
  it('keeps exactly what an order has', () => {
    expect(incoming()).toEqual({
      externalId: '247',
      code: '#247',
      currency: 'USD',
      paid: true,
      cancelled: false,
      shippingService: 'standard',
      lines: ['GREEN', 'RED', 'BLACK'].map((colour, place) => ({
        key: String(65 + place),
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
        region: 'Kentucky',
        country: 'US',
      },
      updatedAt: '2026-11-23T09:00:00.000Z',
      scrub: ['203.0.113.7', '2001:db8::7', '+1 202-555-0143', 'test.shopper@example.com'],
    });
  });

  it.each([
    [1, false, false],
    [2, true, false],
    [3, true, false],
    [4, false, true],
    [5, false, true],
    [6, false, true],
    [7, false, false],
    [11, true, false],
    [12, false, false],
    [14, false, false],
  ])('in the state %i is paid: %s, cancelled: %s', (status_id, paid, cancelled) => {
    expect(incoming({ status_id })).toMatchObject({ paid, cancelled });
  });

  it('that nobody has finished is none; one that was deleted is cancelled', () => {
    expect(order({ status_id: 0 })).toEqual({ kind: 'ignored', reason: 'nothing_to_ship' });
    expect(incoming({ is_deleted: true }).cancelled).toBe(true);
  });

  it('counts what was shipped and what was paid back, and never more than there is', () => {
    const [line] = incoming({}, ({ products }) => {
      Object.assign(products[0] ?? {}, { quantity: 5, quantity_shipped: 2, quantity_refunded: 9 });
    }).lines;
    expect(line).toMatchObject({ quantity: 5, fulfilledQuantity: 2, cancelledQuantity: 3 });
  });

  it('is in what was paid in, whatever its prices were shown in', () => {
    expect(incoming({ currency_code: 'JPY' })).toMatchObject({ currency: 'USD' });
    expect(incoming({ currency_code: 'BTC' })).toMatchObject({ currency: 'USD' });
    expect(incoming({ currency_code: 'EUR', default_currency_code: null }).currency).toBe('EUR');
  });

  it('goes to the one address of what is shipped, or to none', () => {
    const second = (sample: BigCommerceOrder) => {
      sample.addresses.push({ ...sample.addresses[0], id: 52, city: 'Elsewhere' });
    };
    expect(incoming({}, second).shipTo?.streetAddress).toMatch(/Sampleton$/);
    const both = (sample: BigCommerceOrder) => {
      second(sample);
      Object.assign(sample.products[1] ?? {}, { order_address_id: 52 });
    };
    expect(incoming({}, both).shipTo).toBeNull();
  });

  it.each([
    [{ default_currency_code: 'XXX' }, ['order.default_currency_code']],
    [{ currency_code: null, default_currency_code: null }, ['order.default_currency_code']],
    [{ currency_code: 'XXX', default_currency_code: null }, ['order.default_currency_code']],
    [{ date_modified: 'yesterday' }, ['order.date_modified']],
    [{ total_inc_tax: 'much' }, ['order.total_inc_tax']],
  ])('is refused by the name of its field: %j', (change, paths) => {
    try {
      order(change);
    } catch (error) {
      expect(error).toMatchObject({ code: 'BAD_REQUEST' });
      expect((error as { fields: { path: string }[] }).fields.map(({ path }) => path)).toEqual(paths);
      return;
    }
    expect.fail('nothing was wrong');
  });

  it('lets nothing through that no field is for', () => {
    const text = JSON.stringify({ ...incoming(), scrub: [] });
    for (const dropped of [
      '@',
      '203.0',
      '2001:',
      '555-0143',
      'neighbour',
      'twice',
      'backyard',
      'Engraving',
    ]) {
      expect(text).not.toContain(dropped);
    }
  });
});
