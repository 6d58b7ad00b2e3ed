import { createHmac, createPublicKey, timingSafeEqual, verify as verifySignature } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { OrderData, toIncoming } from '../domain/order-data.ts';
import type { Clock } from '../domain/time.ts';
import { ownContacts } from './own-contacts.ts';
import { parseJson, readAs } from './parse.ts';
import type { CommerceEvent, ConnectionSecrets, Delivery, Platform, VerifiedDelivery } from './platform.ts';

/**
 * Any sender that follows the Standard Webhooks specification 1.0: `v1` (HMAC-SHA256) and `v1a` (Ed25519) signatures
 * over `id.timestamp.body`, both within the same header, space between them.
 */
export const standardWebhooks: Platform = { verify, read };

/** Seconds that a delivery may be old, and that its sender's clock may run ahead. */
const TOLERANCE = 300;
/** A sender that rotates its keys sends two or three; each one more costs us a comparison. */
const MOST_SIGNATURES = 10;

/** Node joins a header that came twice by a comma and a space, which none of these patterns takes. */
const ID = /^[\x21-\x7e]{1,256}$/;
const TIMESTAMP = /^\d{1,12}$/;
const SIGNATURE = /^(?:v1,([A-Za-z0-9+/]{43}=)|v1a,([A-Za-z0-9+/]{86}==))$/;
const SIGNATURE_OF_ANY_VERSION = /^[a-z0-9]{1,16},[^\s,]{1,1024}$/;

const Event = z.object({ type: z.string() });
const OrderEvent = z.object({ data: OrderData });
const ORDER_TYPES = new Set(['order.created', 'order.updated', 'order.cancelled']);

function verify(delivery: Delivery, secrets: ConnectionSecrets, now: Clock): VerifiedDelivery {
  if (secrets.platform !== 'standard') throw new AppError('UNAUTHENTICATED');
  return verifyStandard(delivery, secrets, now);
}

/** The same for whoever signs like this: `UNAUTHENTICATED` unless one of the keys signed id, time and bytes just now. */
export function verifyStandard(
  delivery: Delivery,
  keys: { secrets: string[]; publicKeys: string[] },
  now: Clock,
): VerifiedDelivery {
  const id = header(delivery, 'webhook-id', ID);
  const at = header(delivery, 'webhook-timestamp', TIMESTAMP);
  if (Math.abs(now() / 1000 - Number(at)) > TOLERANCE) throw new AppError('UNAUTHENTICATED');

  const given = signaturesOf(delivery);
  const content = Buffer.concat([Buffer.from(`${id}.${at}.`), delivery.body]);
  const byHmac = keys.secrets.map((secret) => signedWith(secret, content, given.v1));
  const byEd25519 = keys.publicKeys.map((key) => signedBy(key, content, given.v1a));
  if (![...byHmac, ...byEd25519].includes(true)) throw new AppError('UNAUTHENTICATED');
  return delivery as VerifiedDelivery;
}

function header(delivery: Delivery, name: string, form: RegExp): string {
  const value = delivery.headers[name];
  if (typeof value !== 'string' || !form.test(value)) throw new AppError('UNAUTHENTICATED');
  return value;
}

/** The signatures that we can check. Versions we do not know are passed over, as the specification asks. */
function signaturesOf(delivery: Delivery): { v1: Buffer[]; v1a: Buffer[] } {
  const parts = header(delivery, 'webhook-signature', /^[\x20-\x7e]+$/).split(' ');
  if (parts.length > MOST_SIGNATURES || !parts.every((part) => SIGNATURE_OF_ANY_VERSION.test(part))) {
    throw new AppError('UNAUTHENTICATED');
  }
  const known = parts.map((part) => SIGNATURE.exec(part));
  const decoded = (group: 1 | 2): Buffer[] =>
    known.flatMap((match) => (match?.[group] === undefined ? [] : Buffer.from(match[group], 'base64')));
  return { v1: decoded(1), v1a: decoded(2) };
}

/** Compares with every signature, so that the time taken does not tell which one came close. */
function signedWith(secret: string, content: Buffer, signatures: Buffer[]): boolean {
  const expected = createHmac('sha256', keyBytes(secret, 'whsec_')).update(content).digest();
  return signatures.map((signature) => timingSafeEqual(expected, signature)).includes(true);
}

function signedBy(publicKey: string, content: Buffer, signatures: Buffer[]): boolean {
  if (signatures.length === 0) return false;
  const x = keyBytes(publicKey, 'whpk_').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return signatures.some((signature) => verifySignature(null, content, key, signature));
}

/** Our own stored key; one that is not of the form was never let in. */
function keyBytes(text: string, prefix: 'whsec_' | 'whpk_'): Buffer {
  const bytes = Buffer.from(text.startsWith(prefix) ? text.slice(prefix.length) : '', 'base64');
  if (bytes.length === 0 || (prefix === 'whpk_' && bytes.length !== 32)) {
    throw new AppError('INTERNAL', `a connection holds a key that is no ${prefix}`);
  }
  return bytes;
}

function read(delivery: VerifiedDelivery): CommerceEvent {
  const payload = parseJson(delivery.body);
  const { type } = readAs(Event, payload);
  if (!ORDER_TYPES.has(type)) return { kind: 'ignored', reason: 'topic' };
  const { data } = readAs(OrderEvent, payload);
  const order = toIncoming(data, {
    cancelled: type === 'order.cancelled',
    updatedAt: data.updatedAt,
    scrub: ownContacts(payload),
  });
  return { kind: 'order', order };
}
