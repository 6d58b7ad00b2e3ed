import { createHmac, createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { associatedData } from '../../shared/crypto/associated-data.ts';
import { CompanyKey } from '../../shared/crypto/company-key.ts';
import { LookupKey, type LookupUse } from '../../shared/crypto/lookup.ts';
import { RecordKey } from '../../shared/crypto/record-key.ts';
import frozen from '../vectors/sealed-v1.json' with { type: 'json' };

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

const companyKey = new CompanyKey(
  frozen.companyKey.companyId,
  frozen.companyKey.version,
  createSecretKey(hex(frozen.companyKey.key)),
);
const recordKey = () =>
  RecordKey.unwrap(hex(frozen.wrapped), frozen.owner, companyKey, frozen.holder.orderId);

describe('what was sealed once in format 1', () => {
  it('unwraps: a record key', () => {
    expect(recordKey().id).toBe(frozen.owner.orderId);
  });

  it('opens: an address', () => {
    expect(recordKey().openShipTo(hex(frozen.shipTo.sealed))).toEqual(frozen.shipTo.value);
  });

  it('opens: details', () => {
    expect(recordKey().openDetails(hex(frozen.details.sealed))).toEqual(frozen.details.value);
  });

  it('opens: a secret', () => {
    const secret = companyKey.openSecret(frozen.secret.purpose, hex(frozen.secret.sealed));
    expect(secret.toString('hex')).toBe(frozen.secret.value);
  });

  it('is known again: an address by its MAC, whatever order its fields come in', () => {
    const backwards = Object.fromEntries(Object.entries(frozen.shipTo.value).reverse());
    expect(recordKey().shipToMac(frozen.shipTo.value).toString('hex')).toBe(frozen.shipTo.mac);
    expect(
      recordKey()
        .shipToMac(backwards as typeof frozen.shipTo.value)
        .toString('hex'),
    ).toBe(frozen.shipTo.mac);
  });

  it('is known again: a name by its lookup hash', () => {
    const key = new LookupKey(createSecretKey(hex(frozen.lookup.key)));
    for (const { use, parts, hash } of frozen.lookup.hashes) {
      expect(key.hash(use as LookupUse, ...parts).toString('hex')).toBe(hash);
    }
  });

  it('is laid out as the format says: version, nonce, ciphertext, tag', () => {
    const plaintext = Buffer.from(JSON.stringify(frozen.shipTo.value));
    const sealed = recordKey().sealShipTo(frozen.shipTo.value);
    expect(sealed).toHaveLength(1 + 12 + plaintext.length + 16);
    expect(sealed[0]).toBe(1);
  });

  it('frames names so that a frozen hash can be made again by hand', () => {
    expect(associatedData('label', ['', 'ab', 'é']).toString('utf8')).toBe('5:label,0:,2:ab,2:é,');
    const [first] = frozen.lookup.hashes;
    const framed = '20:strongroom/lookup/v1,5:order,30:con_0000000000000000000000000g,8:№ 1001,';
    expect(createHmac('sha256', hex(frozen.lookup.key)).update(framed).digest('hex')).toBe(first?.hash);
  });
});
