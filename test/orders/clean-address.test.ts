import { describe, expect, it } from 'vitest';
import type { ShipTo } from '../../shared/domain/order.ts';
import { cleanShipTo } from '../../shared/orders/clean-text.ts';
import { ADDRESS_FORMATS } from '../fixtures/address-formats.ts';

const OWN = ['canary@example.com', '+1 (202) 555-0143', '0049 30 9018200', '203.0.113.9', '2001:db8::9'];

function shipTo(part: Partial<ShipTo>): ShipTo {
  return {
    firstName: 'Test',
    lastName: 'Shopper',
    streetAddress: '1 Example Street\nExampleton',
    postalCode: '12345',
    region: '',
    country: 'DE',
    ...part,
  };
}

describe('addresses', () => {
  it('are of at least 120 forms of at least ten countries', () => {
    expect(ADDRESS_FORMATS.length).toBeGreaterThanOrEqual(120);
    expect(new Set(ADDRESS_FORMATS.map(([country]) => country)).size).toBeGreaterThanOrEqual(10);
  });

  it.each(ADDRESS_FORMATS)('of %s survive untouched: %j', (country, streetAddress, postalCode) => {
    const address = shipTo({ country, streetAddress, postalCode });
    expect(cleanShipTo(address, OWN)).toEqual({ shipTo: address, cleaned: false, empty: false });
  });
});

describe('what is no address', () => {
  it('leaves no line behind that held nothing else', () => {
    const address = shipTo({
      streetAddress: 'Tel.: +49 30 9018200\n1 Example Street\nsome@example.com\nExampleton',
    });
    expect(cleanShipTo(address, [])).toEqual({
      shipTo: shipTo({}),
      cleaned: true,
      empty: false,
    });
  });

  it('leaves an address empty that held nothing else', () => {
    const result = cleanShipTo(shipTo({ streetAddress: '+49 30 9018200\n some@example.com, ' }), []);
    expect(result).toMatchObject({ shipTo: { streetAddress: '' }, cleaned: true, empty: true });
  });

  it('counts an address without a letter or digit as empty', () => {
    expect(cleanShipTo(shipTo({ streetAddress: '-' }), []).empty).toBe(true);
    expect(cleanShipTo(shipTo({ streetAddress: '' }), []).empty).toBe(true);
  });

  it('is cut out of names and the region, too', () => {
    const address = shipTo({
      firstName: 'Test (a@example.com)',
      lastName: 'Shopper 0049 171 1234567',
      region: '203.0.113.7',
    });
    expect(cleanShipTo(address, []).shipTo).toEqual(shipTo({}));
  });

  it('is cut out of a postal code only where it can be no postal code', () => {
    const postal = (postalCode: string): string => cleanShipTo(shipTo({ postalCode }), OWN).shipTo.postalCode;
    expect(postal('12345 canary@example.com')).toBe('12345');
    expect(postal('+1 202 555 0143')).toBe('');
    expect(postal('2025550143')).toBe('2025550143');
    expect(postal('tel 1234567')).toBe('tel 1234567');
  });

  it('never takes the postal code along with a number before it', () => {
    const address = shipTo({ streetAddress: '+49 30 901820 12345 Exampleton', postalCode: '12345' });
    expect(cleanShipTo(address, []).shipTo.streetAddress).toBe('12345 Exampleton');
  });

  it('never takes the house number along with a number before it', () => {
    const address = shipTo({ streetAddress: '+1 202 555 0143 12 Example Street' });
    expect(cleanShipTo(address, []).shipTo.streetAddress).toBe('12 Example Street');
  });
});
