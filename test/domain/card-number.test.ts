import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import {
  CARD_REFUSED,
  findCardNumbers,
  holdsCardNumber,
  isCardNumber,
} from '../../shared/domain/card-number.ts';
import { ID_KINDS, type IdKind, randomId } from '../../shared/domain/ids.ts';
import { OrderInput } from '../../shared/domain/order-data.ts';
import { Place } from '../../shared/domain/stock.ts';
import { cleanShipTo, cleanTitle } from '../../shared/orders/clean-text.ts';
import { Product, PRODUCT_DEFAULTS } from '../../shared/catalogue/product.ts';
import { PriceListInput } from '../../shared/http/catalogue/schemas.ts';
import { NewConnection } from '../../shared/http/connections/schemas.ts';
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
      '\u0664\u0662\u0664\u0662 \u0664\u0662\u0664\u0662 \u0664\u0662\u0664\u0662 \u0664\u0662\u0664\u0662',
      Array.from('4242424242424242').join('\u200b'),
      Array.from('4242424242424242').join('\ufe0f\u20e3'),
      '4242\u20604242\u00ad4242\ufeff4242',
      '4242 - 4242 - 4242 - 4242',
      '4242\t4242\n4242\u20094242',
      '4242/4242/4242/4242',
      '4242\u00b74242\u20224242|4242',
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
    const issuesOf = (schema: z.ZodType, value: unknown) => {
      const parsed = schema.safeParse(value);
      return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => [path.join('.'), message]);
    };
    for (const [field, value] of [
      ['title', `Lamp ${card}`],
      ['description', `<p>Call with ${card}</p>`],
      ['description', '4242&nbsp;4242&#8203;4242<b>4</b>&#x32;42'],
      ['description', `<a href="https://a.example" title="${card}">a lamp</a>`],
      ['options.0.value', [{ name: 'Size', value: card }]],
    ] as const) {
      const [first = ''] = field.split('.');
      expect(issuesOf(Product, { ...product, [first]: value })).toEqual([[field, CARD_REFUSED]]);
    }
    const image = '<img src="https://cdn.example/4242424242424242.png"> 12 cm';
    const codes = { barcode: '4242424242424242', group: '4242424242424242', description: image };
    expect(issuesOf(Product, { ...product, ...codes })).toEqual([]);
    expect(issuesOf(PriceListInput, { name: card, currency: 'USD' })).toContainEqual(['name', CARD_REFUSED]);
    expect(issuesOf(NewConnection, { platform: 'standard', name: card })).toContainEqual([
      'name',
      CARD_REFUSED,
    ]);
    expect(issuesOf(ShipmentInput, { carrier: card })).toEqual([['carrier', CARD_REFUSED]]);
    expect(issuesOf(Place, card)).toEqual([['', CARD_REFUSED]]);
    for (const written of ['4242424242424242', '4242%204242%204242%E2%80%8B4242', '4242+4242+4242+4242']) {
      const url = `https://shop.example/?card=${written}`;
      expect(issuesOf(billing.returnUrl, url), url).toEqual([['', CARD_REFUSED]]);
    }
    expect(issuesOf(billing.returnUrl, 'https://shop.example/?sale=100%&page=2')).toEqual([]);
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
