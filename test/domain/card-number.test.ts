import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  CARD_REFUSED,
  findCardNumbers,
  holdsCardNumber,
  isCardNumber,
} from '../../shared/domain/card-number.ts';
import { ID_KINDS, type IdKind, randomId } from '../../shared/domain/ids.ts';
import { OrderInput } from '../../shared/domain/order-data.ts';
import { cleanShipTo, cleanTitle } from '../../shared/orders/clean-text.ts';
import { Product, PRODUCT_DEFAULTS } from '../../shared/catalogue/product.ts';
import { PriceListInput } from '../../shared/http/catalogue/schemas.ts';
import { ShipmentInput } from '../../shared/http/orders/requests.ts';
import * as billing from '../../shared/http/billing/schemas.ts';
import { orderInput } from '../orders/trading.ts';

/** Of the networks' own documentation for testing. */
const CARDS = [
  '4242424242424242',
  '4222222222222',
  '5555555555554444',
  '2223003122003222',
  '378282246310005',
  '6011111111111117',
  '30569309025904',
  '3566002020360505',
  '6200000000000005',
];

const digits = (count: number): string => Array.from({ length: count }, () => String(randomInt(10))).join('');

describe('a card number', () => {
  it.each(CARDS)('is one when issuer, length and check digit agree: %s', (card) => {
    expect(isCardNumber(card)).toBe(true);
    const wrong = card.slice(0, -1) + String((Number(card.at(-1)) + 1) % 10);
    expect(isCardNumber(wrong)).toBe(false);
    expect(isCardNumber(`${card}0000000`)).toBe(false);
  });

  it('is found as people write it', () => {
    const ways = [
      'pay with 4242 4242 4242 4242, thanks',
      '4242-4242-4242-4242 12/34 123',
      'VISA: 4242.4242.4242.4242',
      'card 3782 822463 10005.',
      '\uff14\uff12\uff14\uff12 4242 4242 4242',
      'floor 3, 4242424242424242',
    ];
    for (const text of ways) expect(holdsCardNumber(text), text).toBe(true);
  });

  it('is not what has letters on it, or another length', () => {
    for (const text of [
      'SKU4242424242424242',
      '4242424242424242X',
      '424242424242424',
      '12 Main Street 40003',
    ]) {
      expect(findCardNumbers(text), text).toEqual([]);
    }
  });
});

describe('our API', () => {
  const named = (change: object): string[] => {
    const parsed = OrderInput.safeParse({ ...orderInput('A'), ...change });
    return parsed.success ? [] : parsed.error.issues.map((issue) => issue.path.join('.'));
  };

  it('refuses one in free text, by the name of the field', () => {
    const [line] = orderInput('A').lines;
    expect(named({ lines: [{ ...line, title: 'Paid by 4242 4242 4242 4242' }] })).toEqual(['lines.0.title']);
    const shipTo = { ...orderInput().shipTo, streetAddress: '1 Street\n4242424242424242' };
    expect(named({ shipTo })).toEqual(['shipTo.streetAddress']);
  });

  it('refuses one in what a merchant writes of products, lists and itself', () => {
    const card = '4242-4242-4242-4242';
    const product = { ...PRODUCT_DEFAULTS, title: 'A lamp', price: 1, currency: 'USD' };
    const issuesOf = (
      schema: typeof Product | typeof PriceListInput | typeof billing.returnUrl,
      value: unknown,
    ) => {
      const parsed = schema.safeParse(value);
      return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => [path.join('.'), message]);
    };
    for (const [field, value] of [
      ['title', `Lamp ${card}`],
      ['description', `<p>Call with ${card}</p>`],
      ['options.0.value', [{ name: 'Size', value: card }]],
    ] as const) {
      const [first = ''] = field.split('.');
      expect(issuesOf(Product, { ...product, [first]: value })).toEqual([[field, CARD_REFUSED]]);
    }
    const image = '<img src="https://cdn.example/4242424242424242.png"> 12 cm';
    const codes = { barcode: '4242424242424242', group: '4242424242424242', description: image };
    expect(issuesOf(Product, { ...product, ...codes })).toEqual([]);
    expect(issuesOf(PriceListInput, { name: card, currency: 'USD' })).toContainEqual(['name', CARD_REFUSED]);
    expect(issuesOf(billing.returnUrl, 'https://shop.example/?card=4242424242424242')).toEqual([
      ['', CARD_REFUSED],
    ]);
  });

  it('takes 10 000 ids, codes and SKUs of random digits, of which many pass the check by chance', () => {
    const kinds = Object.keys(ID_KINDS) as IdKind[];
    let passed = 0;
    for (let each = 0; each < 10_000; each += 1) {
      const number = `4${digits(15)}`;
      if (isCardNumber(number)) passed += 1;
      const [line] = orderInput('A').lines;
      expect(named({ externalId: number, code: number, lines: [{ ...line, sku: number }] })).toEqual([]);
      const shipment = { trackingNumbers: [number], trackingUrls: [`https://carrier.example/${number}`] };
      expect(ShipmentInput.safeParse(shipment).success).toBe(true);
      const product = { ...PRODUCT_DEFAULTS, title: 'A lamp', price: 1, currency: 'USD', barcode: number };
      expect(Product.safeParse(product).success).toBe(true);
      expect(holdsCardNumber(randomId(kinds[each % kinds.length] ?? 'order'))).toBe(false);
    }
    expect(passed).toBeGreaterThan(500);
  });
});

describe('text that a webhook brings', () => {
  it('is kept without it', () => {
    const shipTo = { ...orderInput().shipTo, streetAddress: '1 Street\nCard 4242 4242 4242 4242\nTown' };
    const cleaned = cleanShipTo(shipTo, []);
    expect(cleaned.cleaned).toBe(true);
    expect(cleaned.shipTo.streetAddress).not.toMatch(/4242/);
    expect(cleaned.shipTo.streetAddress).toContain('1 Street');
    expect(cleanTitle('Gift for 5555-5555-5555-4444', [])).toBe('Gift for');
  });
});
