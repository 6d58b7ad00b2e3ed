import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { open, seal } from '../../shared/crypto/aead.ts';
import { associatedData } from '../../shared/crypto/associated-data.ts';
import { CompanyKey } from '../../shared/crypto/company-key.ts';
import { type Party, RecordKey } from '../../shared/crypto/record-key.ts';
import { AppError } from '../../shared/domain/errors.ts';
import frozen from '../vectors/sealed-v1.json' with { type: 'json' };

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

interface Asked {
  owner: Party;
  holder: Party;
  version: number;
  purpose: string;
  companyKey: Buffer;
}

const right: Asked = {
  owner: frozen.owner,
  holder: frozen.holder,
  version: frozen.companyKey.version,
  purpose: frozen.secret.purpose,
  companyKey: hex(frozen.companyKey.key),
};

const companyKey = (asked: Asked) =>
  new CompanyKey(asked.holder.companyId, asked.version, createSecretKey(asked.companyKey));
const recordKey = (asked: Asked, wrapped = hex(frozen.wrapped)) =>
  RecordKey.unwrap(wrapped, asked.owner, companyKey(asked), asked.holder.orderId);

/** Bytes of the sealed value in front of the version byte. */
interface Path {
  name: string;
  sealed: Buffer;
  prefix: number;
  open: (sealed: Buffer) => unknown;
}

const paths: Path[] = [
  {
    name: 'open',
    sealed: hex(frozen.shipTo.sealed),
    prefix: 0,
    open: (sealed) =>
      open(
        createSecretKey(hex(frozen.recordKey)),
        sealed,
        associatedData('strongroom/seal/v1', [frozen.owner.companyId, frozen.owner.orderId, 'shipTo']),
      ),
  },
  {
    name: 'RecordKey.unwrap',
    sealed: hex(frozen.wrapped),
    prefix: 0,
    open: (sealed) => recordKey(right, sealed),
  },
  {
    name: 'openShipTo',
    sealed: hex(frozen.shipTo.sealed),
    prefix: 0,
    open: (sealed) => recordKey(right).openShipTo(sealed),
  },
  {
    name: 'openDetails',
    sealed: hex(frozen.details.sealed),
    prefix: 0,
    open: (sealed) => recordKey(right).openDetails(sealed),
  },
  {
    name: 'openSecret',
    sealed: hex(frozen.secret.sealed),
    prefix: 4,
    open: (sealed) => companyKey(right).openSecret(right.purpose, sealed),
  },
];

/** Any bytes wrapped as the record key of an order, as only someone who has the company's key could. */
function wrappedFor(owner: Party, bytes: Buffer): Buffer {
  const names = [owner.companyId, owner.orderId, right.holder.companyId, right.holder.orderId];
  const place = associatedData('strongroom/wrap/v1', [...names, String(right.version)]);
  return seal(companyKey(right).wrapping, bytes, place);
}

const frozenKeyIn = (owner: Party) =>
  recordKey({ ...right, owner }, wrappedFor(owner, hex(frozen.recordKey)));

/** What a caller can see of a failure. */
function seen(attempt: () => unknown): unknown {
  try {
    attempt();
  } catch (error) {
    if (!(error instanceof AppError)) return error;
    const { name, code, message, fields, retryAfter, cause } = error;
    return { name, code, message, fields, retryAfter, cause };
  }
  return 'opened';
}

const BROKEN = {
  name: 'AppError',
  code: 'SEAL_BROKEN',
  message: 'The record can not be opened',
  fields: [],
  retryAfter: undefined,
  cause: undefined,
};

function changed(bytes: Buffer, at: number, mask: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ mask, at);
  return copy;
}

describe.each(paths)('$name', ({ sealed, prefix, open: attempt }) => {
  it('opens what nobody touched', () => {
    expect(seen(() => attempt(sealed))).toBe('opened');
  });

  it('fails alike for one changed bit anywhere', () => {
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const touched = changed(sealed, bit >> 3, 1 << (bit & 7));
      expect(seen(() => attempt(touched))).toEqual(BROKEN);
    }
  });

  it('fails alike when cut at either end, a short tag included', () => {
    for (let length = 0; length < sealed.length; length += 1) {
      expect(seen(() => attempt(sealed.subarray(0, length)))).toEqual(BROKEN);
      expect(seen(() => attempt(sealed.subarray(sealed.length - length)))).toEqual(BROKEN);
    }
  });

  it('fails alike when anything follows', () => {
    expect(seen(() => attempt(Buffer.concat([sealed, Buffer.alloc(1)])))).toEqual(BROKEN);
    expect(seen(() => attempt(Buffer.concat([sealed, sealed])))).toEqual(BROKEN);
  });

  it('fails alike for every version that there is not', () => {
    for (let version = 0; version < 256; version += 1) {
      const other = changed(sealed, prefix, 0);
      other.writeUInt8(version, prefix);
      expect(seen(() => attempt(other))).toEqual(version === 1 ? 'opened' : BROKEN);
    }
  });
});

describe('bytes in another place than their own', () => {
  const otherCompany = 'cmp_0000000000000000000000000z';
  const otherOrder = 'ord_0000000000000000000000000z';
  const wrongs: Record<string, Asked> = {
    'another owner': { ...right, owner: { ...right.owner, companyId: otherCompany } },
    'another order of the owner': { ...right, owner: { ...right.owner, orderId: otherOrder } },
    'another holder': { ...right, holder: { ...right.holder, companyId: otherCompany } },
    'another order of the holder': { ...right, holder: { ...right.holder, orderId: otherOrder } },
    'owner and holder exchanged': { ...right, owner: right.holder, holder: right.owner },
    'another version of the company key': { ...right, version: right.version + 1 },
    'another company key': { ...right, companyKey: Buffer.alloc(32, 7) },
  };

  it.each(Object.entries(wrongs))('a wrapped record key does not open for %s', (_name, asked) => {
    expect(seen(() => recordKey(asked))).toEqual(BROKEN);
  });

  it.each([
    ['another company', { ...right, holder: { ...right.holder, companyId: otherCompany } }],
    ['another purpose', { ...right, purpose: 'another' }],
    ['another version of the company key', { ...right, version: right.version + 1 }],
    ['another company key', { ...right, companyKey: Buffer.alloc(32, 7) }],
  ])('a secret does not open for %s', (_name, asked: Asked) => {
    expect(seen(() => companyKey(asked).openSecret(asked.purpose, hex(frozen.secret.sealed)))).toEqual(
      BROKEN,
    );
  });

  it('an address does not open under the same key for another company or order', () => {
    const { companyId, orderId } = right.owner;
    const places: Party[] = [
      { companyId: otherCompany, orderId },
      { companyId, orderId: otherOrder },
      { companyId: `${companyId}o`, orderId: orderId.slice(1) },
    ];
    for (const place of places) {
      expect(seen(() => frozenKeyIn(place).openShipTo(hex(frozen.shipTo.sealed)))).toEqual(BROKEN);
      expect(seen(() => frozenKeyIn(place).openDetails(hex(frozen.details.sealed)))).toEqual(BROKEN);
    }
    expect(seen(() => frozenKeyIn(right.owner).openShipTo(hex(frozen.shipTo.sealed)))).toBe('opened');
  });

  it('an address does not open in its own place under another key', () => {
    expect(seen(() => RecordKey.generate(right.owner).openShipTo(hex(frozen.shipTo.sealed)))).toEqual(BROKEN);
  });

  it('a field set does not open as the other', () => {
    expect(seen(() => recordKey(right).openDetails(hex(frozen.shipTo.sealed)))).toEqual(BROKEN);
    expect(seen(() => recordKey(right).openShipTo(hex(frozen.details.sealed)))).toEqual(BROKEN);
  });

  it('a wrapped key, a secret and a sealed address do not open as one another', () => {
    expect(seen(() => recordKey(right, hex(frozen.shipTo.sealed)))).toEqual(BROKEN);
    expect(seen(() => recordKey(right).openShipTo(hex(frozen.wrapped)))).toEqual(BROKEN);
    const asSecret = Buffer.concat([hex(frozen.secret.sealed).subarray(0, 4), hex(frozen.wrapped)]);
    expect(seen(() => companyKey(right).openSecret(right.purpose, asSecret))).toEqual(BROKEN);
  });
});

describe('bytes that open and are not what they should be', () => {
  const place = (fieldSet: string) =>
    associatedData('strongroom/seal/v1', [right.owner.companyId, right.owner.orderId, fieldSet]);
  const sealedAs = (fieldSet: string, text: string) =>
    seal(createSecretKey(hex(frozen.recordKey)), Buffer.from(text), place(fieldSet));

  it.each(['', '{', 'null', '[]', '{}', '{"firstName":"First"}', '{"titles":{}}'])(
    'fail alike as an address and as details: %j',
    (text) => {
      expect(seen(() => recordKey(right).openShipTo(sealedAs('shipTo', text)))).toEqual(BROKEN);
      expect(seen(() => recordKey(right).openDetails(sealedAs('details', text)))).toEqual(BROKEN);
    },
  );

  it('an address with a seventh field fails', () => {
    const more = JSON.stringify({ ...frozen.shipTo.value, phone: '' });
    expect(seen(() => recordKey(right).openShipTo(sealedAs('shipTo', more)))).toEqual(BROKEN);
  });

  it.each([0, 16, 31, 33])('a record key of %i bytes fails', (length) => {
    expect(seen(() => recordKey(right, wrappedFor(right.owner, Buffer.alloc(length))))).toEqual(BROKEN);
  });
});

describe('what could never be opened again', () => {
  it('is not sealed', () => {
    const wrong = { ...frozen.shipTo.value, country: 'Zed' };
    expect(seen(() => recordKey(right).sealShipTo(wrong))).toMatchObject({ code: 'INTERNAL' });
    expect(seen(() => recordKey(right).shipToMac(wrong))).toMatchObject({ code: 'INTERNAL' });
  });
});
