import { describe, expect, it } from 'vitest';
import type { IncomingLine, IncomingOrder } from '../../shared/domain/order.ts';
import { minimise } from '../../shared/orders/minimise.ts';

const NOW = Date.UTC(2030, 0, 1, 12);
const minutes = (count: number): string => new Date(NOW + count * 60_000).toISOString();

function incoming(change: Partial<IncomingOrder> = {}, ...lines: Partial<IncomingLine>[]): IncomingOrder {
  const line = { key: 'a', sku: 'S', title: 'Thing', quantity: 2, unitPrice: 1 };
  const made = lines.map((each) => ({ ...line, cancelledQuantity: 0, fulfilledQuantity: 0, ...each }));
  return {
    externalId: '1',
    code: '#1',
    currency: 'USD',
    paid: true,
    cancelled: false,
    shippingService: null,
    lines: made,
    totals: { items: 0, shipping: 0, tax: 0, discount: 0, total: 0 },
    shipTo: {
      firstName: 'First',
      lastName: 'Last',
      streetAddress: '1 Test Street\nTestville',
      postalCode: '00000',
      region: '',
      country: 'ZZ',
    },
    updatedAt: minutes(0),
    scrub: [],
    ...change,
  };
}

const clock = (): number => NOW;

describe('minimise', () => {
  it('takes a time up to five minutes ahead as it is, and one beyond as now', () => {
    expect(minimise(incoming({ updatedAt: minutes(5) }, {}), clock).updatedAt).toBe(minutes(5));
    expect(minimise(incoming({ updatedAt: minutes(6) }, {}), clock).updatedAt).toBe(minutes(0));
    expect(minimise(incoming({ updatedAt: minutes(-600) }, {}), clock).updatedAt).toBe(minutes(-600));
  });

  it('cancels all that a cancelled order has not shipped', () => {
    const order = minimise(
      incoming({ cancelled: true }, { quantity: 3, fulfilledQuantity: 1 }, { key: 'b' }),
      clock,
    );
    expect(order.lines.map((line) => [line.fulfilledQuantity, line.cancelledQuantity])).toEqual([
      [1, 2],
      [0, 2],
    ]);
  });

  it('never has more shipped and cancelled than ordered', () => {
    const order = minimise(incoming({}, { quantity: 2, fulfilledQuantity: 5, cancelledQuantity: 5 }), clock);
    expect(order.lines[0]).toMatchObject({ quantity: 2, fulfilledQuantity: 2, cancelledQuantity: 0 });
  });

  it('tells lines apart that a sender gives the same key', () => {
    const order = minimise(incoming({}, { key: 'x' }, { key: 'x' }, { key: 'x' }), clock);
    expect(new Set(order.lines.map((line) => line.key)).size).toBe(3);
    expect(Object.keys(order.titles)).toEqual(order.lines.map((line) => line.key));
  });

  it('keeps titles apart from lines, cleaned of the payload’s own values', () => {
    const order = minimise(
      incoming({ scrub: ['shopper@mail.example'] }, { title: 'Mug for shopper@mail.example' }),
      clock,
    );
    expect(order.titles).toEqual({ a: 'Mug for' });
    expect(order.lines[0]).not.toHaveProperty('title');
    expect(order).not.toHaveProperty('scrub');
  });

  it('has no address where nothing of it is left after cleaning', () => {
    const shipTo = { ...incoming().shipTo, streetAddress: 'shopper@mail.example' } as IncomingOrder['shipTo'];
    expect(minimise(incoming({ shipTo }, {}), clock)).toMatchObject({ shipTo: null, addressCleaned: true });
    expect(minimise(incoming({ shipTo: null }, {}), clock)).toMatchObject({
      shipTo: null,
      addressCleaned: false,
    });
  });

  it('refuses more lines than an order can have', () => {
    const lines = Array.from({ length: 501 }, (_, place) => ({ key: String(place) }));
    expect(() => minimise(incoming({}, ...lines), clock)).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST' }),
    );
  });
});
