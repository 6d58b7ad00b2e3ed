import { generateKeySync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { open, seal } from '../../shared/crypto/aead.ts';
import { associatedData } from '../../shared/crypto/associated-data.ts';
import { CompanyKey } from '../../shared/crypto/company-key.ts';
import { LookupKey } from '../../shared/crypto/lookup.ts';
import { RecordKey } from '../../shared/crypto/record-key.ts';
import type { Details, ShipTo } from '../../shared/domain/order.ts';

const newKey = () => generateKeySync('aes', { length: 256 });
const bytes = fc.uint8Array({ maxLength: 2000 });
const text = (maxLength: number) =>
  fc.string({ unit: 'binary', maxLength }).filter((value) => value.length <= maxLength);
/** Text as JavaScript has it: half surrogates too, which UTF-8 has no bytes for. */
const anyText = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units));
const id = fc.string({ minLength: 1, maxLength: 40 });
const party = fc.record({ companyId: id, orderId: id });
const shipTo: fc.Arbitrary<ShipTo> = fc.record({
  firstName: fc.oneof(text(200), anyText),
  lastName: fc.oneof(text(200), anyText),
  streetAddress: fc.oneof(text(1000), anyText),
  postalCode: text(40),
  region: text(200),
  country: fc.stringMatching(/^[A-Z]{2}$/),
});
const keyed = <T>(value: fc.Arbitrary<T>) => fc.dictionary(fc.stringMatching(/^ln_[a-z0-9]{1,8}$/), value);
const details: fc.Arbitrary<Details> = fc.record({
  titles: keyed(anyText),
  tracking: keyed(fc.record({ numbers: fc.array(anyText), urls: fc.array(fc.webUrl()) })),
});

describe('sealing', () => {
  it('open(seal(x)) = x for any bytes in any place', () => {
    const key = newKey();
    fc.assert(
      fc.property(bytes, bytes, (plaintext, place) => {
        expect(open(key, seal(key, plaintext, place), place).equals(plaintext)).toBe(true);
      }),
    );
  });

  it('never gives the same bytes twice, nor the same nonce', () => {
    const key = newKey();
    const place = Buffer.from('place');
    const sealed = Array.from({ length: 10_000 }, () =>
      seal(key, Buffer.from('same'), place).toString('hex'),
    );
    expect(new Set(sealed).size).toBe(sealed.length);
    expect(new Set(sealed.map((text) => text.slice(2, 26))).size).toBe(sealed.length);
  });

  it('an address opens as it was, whatever characters it has', () => {
    fc.assert(
      fc.property(party, shipTo, (owner, address) => {
        const key = RecordKey.generate(owner);
        const [first, second] = [key.sealShipTo(address), key.sealShipTo(address)];
        expect(key.openShipTo(first)).toEqual(address);
        expect(first.equals(second)).toBe(false);
      }),
    );
  });

  it('details open as they were', () => {
    fc.assert(
      fc.property(party, details, (owner, value) => {
        const key = RecordKey.generate(owner);
        expect(key.openDetails(key.sealDetails(value))).toEqual(value);
      }),
    );
  });

  it('a record key opens for every holder it was wrapped for, and seals the same', () => {
    fc.assert(
      fc.property(party, party, shipTo, fc.nat(), (owner, holder, address, version) => {
        const key = RecordKey.generate(owner);
        const company = new CompanyKey(holder.companyId, version, newKey());
        const again = RecordKey.unwrap(key.wrap(company, holder.orderId), owner, company, holder.orderId);
        expect(again.id).toBe(owner.orderId);
        expect(again.openShipTo(key.sealShipTo(address))).toEqual(address);
        expect(again.shipToMac(address)).toEqual(key.shipToMac(address));
      }),
    );
  });

  it('a secret opens as it was', () => {
    fc.assert(
      fc.property(id, fc.nat(), id, bytes, (companyId, version, purpose, plaintext) => {
        const company = new CompanyKey(companyId, version, newKey());
        const opened = company.openSecret(purpose, company.sealSecret(purpose, plaintext));
        expect(opened.equals(plaintext)).toBe(true);
      }),
    );
  });
});

describe('an address MAC', () => {
  it('differs when an address, or the record, differs', () => {
    const owner = { companyId: 'cmp_x', orderId: 'ord_x' };
    const key = RecordKey.generate(owner);
    const other = RecordKey.generate(owner);
    fc.assert(
      fc.property(shipTo, shipTo, (one, two) => {
        const same = JSON.stringify(one) === JSON.stringify(two);
        expect(key.shipToMac(one).equals(key.shipToMac(two))).toBe(same);
        expect(key.shipToMac(one).equals(other.shipToMac(one))).toBe(false);
      }),
    );
  });
});

describe('names', () => {
  const names = fc.array(fc.string({ unit: 'grapheme', maxLength: 6 }), { maxLength: 4 });

  it('give different bytes when they differ, however they are cut', () => {
    fc.assert(
      fc.property(names, names, (one, two) => {
        const same = JSON.stringify(one) === JSON.stringify(two);
        expect(associatedData('label', one).equals(associatedData('label', two))).toBe(same);
      }),
    );
    expect(associatedData('l', ['ab', 'c'])).not.toEqual(associatedData('l', ['a', 'bc']));
    expect(associatedData('l', ['1:a,', ''])).not.toEqual(associatedData('l', ['1:a', ',']));
  });

  it('are refused when they are not well-formed Unicode', () => {
    expect(() => associatedData('label', ['\ud800'])).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST' }),
    );
  });

  it('give different hashes for different uses, and for another key', () => {
    const lookup = new LookupKey(newKey());
    const other = new LookupKey(newKey());
    fc.assert(
      fc.property(names, (parts) => {
        const hashes = (['order', 'line', 'supplyOrder', 'idempotency'] as const).flatMap((use) => [
          lookup.hash(use, ...parts).toString('hex'),
          other.hash(use, ...parts).toString('hex'),
        ]);
        expect(new Set(hashes).size).toBe(8);
        expect(lookup.hash('order', ...parts)).toEqual(lookup.hash('order', ...parts));
      }),
    );
  });
});
