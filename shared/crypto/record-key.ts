import { createHmac, generateKeySync, type KeyObject } from 'node:crypto';
import type { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { Details, ShipTo } from '../domain/order.ts';
import { open, seal, sealBroken } from './aead.ts';
import { associatedData } from './associated-data.ts';
import type { CompanyKey } from './company-key.ts';
import { derivedKey, KEY_BYTES, secretKey } from './derived-key.ts';

const SEAL_LABEL = 'strongroom/seal/v1';
const WRAP_LABEL = 'strongroom/wrap/v1';
const RECORD_KEY_LABEL = 'strongroom/record-key/v1';

type FieldSet = 'shipTo' | 'details';

/** A company that takes part in an order, and its own id of that order. */
export interface Party {
  companyId: string;
  orderId: string;
}

/**
 * The fresh 256-bit key of one order, bound to its owner: the company whose shop took the order, and that company's
 * id of it. What it seals opens in that place only.
 */
export class RecordKey {
  readonly #owner: Party;
  readonly #key: KeyObject;

  private constructor(owner: Party, key: KeyObject) {
    this.#owner = owner;
    this.#key = key;
  }

  static generate(owner: Party): RecordKey {
    return new RecordKey(owner, generateKeySync('aes', { length: KEY_BYTES * 8 }));
  }

  /**
   * The key out of a holder's wrap, or `SEAL_BROKEN`. Owner and holder are those that the caller asks for, never
   * those that a document names: a wrap that was copied to another order or holder does not open.
   */
  static unwrap(wrapped: Uint8Array, owner: Party, holder: CompanyKey, holderOrderId: string): RecordKey {
    const bytes = open(holder.wrapping, wrapped, wrapPlace(owner, holder, holderOrderId));
    if (bytes.length !== KEY_BYTES) throw sealBroken();
    return new RecordKey(owner, secretKey(bytes));
  }

  /** The owner's order id. */
  get id(): string {
    return this.#owner.orderId;
  }

  /** This key for one holder, the owner included: sealed by that company's key to this order of both. */
  wrap(holder: CompanyKey, holderOrderId: string): Buffer {
    const bytes = this.#key.export();
    const wrapped = seal(holder.wrapping, bytes, wrapPlace(this.#owner, holder, holderOrderId));
    bytes.fill(0);
    return wrapped;
  }

  sealShipTo(shipTo: ShipTo): Buffer {
    return this.#seal('shipTo', shipToBytes(shipTo));
  }

  /** The six fields, or `SEAL_BROKEN`. */
  openShipTo(sealed: Uint8Array): ShipTo {
    return this.#open('shipTo', sealed, ShipTo);
  }

  sealDetails(details: Details): Buffer {
    return this.#seal('details', Buffer.from(JSON.stringify(fitting(Details, details)), 'utf8'));
  }

  /** Titles and tracking, or `SEAL_BROKEN`. */
  openDetails(sealed: Uint8Array): Details {
    return this.#open('details', sealed, Details);
  }

  /** HMAC-SHA256 of the address: 32 bytes by which a changed address is seen without opening the old one. */
  shipToMac(shipTo: ShipTo): Buffer {
    const key = derivedKey(this.#key, RECORD_KEY_LABEL, 'shipTo mac');
    return createHmac('sha256', key).update(shipToBytes(shipTo)).digest();
  }

  #seal(fieldSet: FieldSet, plaintext: Buffer): Buffer {
    return seal(this.#key, plaintext, this.#place(fieldSet));
  }

  #open<T>(fieldSet: FieldSet, sealed: Uint8Array, schema: z.ZodType<T>): T {
    const parsed = schema.safeParse(fromJson(open(this.#key, sealed, this.#place(fieldSet))));
    if (!parsed.success) throw sealBroken();
    return parsed.data;
  }

  #place(fieldSet: FieldSet): Buffer {
    return associatedData(SEAL_LABEL, [this.#owner.companyId, this.#owner.orderId, fieldSet]);
  }
}

function wrapPlace(owner: Party, holder: CompanyKey, holderOrderId: string): Buffer {
  return associatedData(WRAP_LABEL, [
    owner.companyId,
    owner.orderId,
    holder.companyId,
    holderOrderId,
    String(holder.version),
  ]);
}

/** One address is one row of bytes, whatever order its fields were set in: the MAC depends on it. */
function shipToBytes(shipTo: ShipTo): Buffer {
  const { firstName, lastName, streetAddress, postalCode, region, country } = fitting(ShipTo, shipTo);
  const inOrder = { firstName, lastName, streetAddress, postalCode, region, country };
  return Buffer.from(JSON.stringify(inOrder), 'utf8');
}

/** What does not fit its schema would be sealed and never open again: a fault of ours, found before it costs data. */
function fitting<T>(schema: z.ZodType<T>, value: T): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new AppError('INTERNAL', 'what was to be sealed does not fit its schema');
  return parsed.data;
}

function fromJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw sealBroken();
  }
}
