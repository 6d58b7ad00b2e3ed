import { createHash } from 'node:crypto';
import { z } from 'zod';
import { SCOPES } from '../domain/api-key.ts';
import { ChargeCode, ChargeState } from '../domain/billing.ts';
import { DeliveryCode } from '../domain/delivery.ts';
import { ERRORS, type ErrorCode } from '../domain/errors.ts';
import { idSchema } from '../domain/ids.ts';
import { HeldCode, OrderState } from '../domain/order.ts';
import { PartnerRole } from '../domain/partner.ts';
import { MEMBER_ROLES } from '../domain/roles.ts';
import {
  allWords,
  MANAGE_ACTIONS,
  ManageAction,
  MOST_MINUTES,
  Purpose,
  RECORD_KINDS,
  RecordKind,
} from '../domain/support.ts';
import { ACTIONS } from './actions.ts';

const Count = z.int().min(0).max(1_000_000);
const Code = z.union([z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]), HeldCode]);

/**
 * What an entry can say of its action: our ids, counts, yes or no, and words of closed sets. No fact can hold text,
 * so the log is free of consumers' data and of a shop's order codes, and survives every erasure.
 */
export const Facts = z.strictObject({
  orderId: idSchema('order').optional(),
  supplyOrderId: idSchema('order').optional(),
  partnerId: idSchema('partner').optional(),
  connectionId: idSchema('connection').optional(),
  fulfilmentId: idSchema('fulfilment').optional(),
  erasureId: idSchema('erasure').optional(),
  lines: Count.optional(),
  quantity: Count.optional(),
  orders: Count.optional(),
  supplyOrders: Count.optional(),
  skus: Count.optional(),
  state: OrderState.optional(),
  code: Code.optional(),
  scope: z.enum(SCOPES).optional(),
  addressCleaned: z.boolean().optional(),
  afterShipping: z.boolean().optional(),
  supportRequestId: idSchema('supportRequest').optional(),
  purpose: Purpose.optional(),
  kind: RecordKind.optional(),
  managing: ManageAction.optional(),
  /** Of what our support asks, and gets: all of which kinds, and which actions. */
  kinds: z.enum(allWords(RECORD_KINDS)).optional(),
  actions: z.enum(allWords(MANAGE_ACTIONS)).optional(),
  minutes: z.int().min(0).max(MOST_MINUTES).optional(),
  ended: z.enum(['expired', 'undecided', 'by_staff']).optional(),
  asked: z.enum(['customer_redact', 'shop_redact', 'data_request']).optional(),
  memberId: idSchema('member').optional(),
  invitationId: idSchema('invitation').optional(),
  sessionId: idSchema('session').optional(),
  role: z.enum(MEMBER_ROLES).optional(),
  roleBefore: z.enum(MEMBER_ROLES).optional(),
  sessions: Count.optional(),
  factor: z.enum(['totp', 'passkey', 'recovery_code']).optional(),
  chargeId: idSchema('charge').optional(),
  refundId: idSchema('refund').optional(),
  charge: ChargeState.optional(),
  reason: ChargeCode.optional(),
  deliveryId: idSchema('delivery').optional(),
  endpointId: idSchema('endpoint').optional(),
  deliveryCode: DeliveryCode.optional(),
  factorId: z.union([idSchema('totp'), idSchema('passkey')]).optional(),
  partnerRole: PartnerRole.optional(),
  termsVersion: Count.optional(),
  bill: z.boolean().optional(),
  sharesStock: z.boolean().optional(),
  products: Count.optional(),
  refusedRows: Count.optional(),
});
export type Facts = z.infer<typeof Facts>;

const Actor = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('platform'), id: idSchema('connection').nullable() }),
  z.strictObject({ type: z.literal('api_key'), id: idSchema('apiKey') }),
  z.strictObject({ type: z.literal('partner'), id: idSchema('partner') }),
  z.strictObject({ type: z.literal('member'), id: idSchema('member') }),
  z.strictObject({ type: z.literal('staff'), id: idSchema('staff') }),
  z.strictObject({ type: z.literal('system'), id: z.null() }),
  // Somebody who has shown no credential, such as who tries passwords.
  z.strictObject({ type: z.literal('anonymous'), id: z.null() }),
]);

const RecordRef = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('order'), id: idSchema('order') }),
  z.strictObject({ type: z.literal('erasure'), id: idSchema('erasure') }),
  z.strictObject({ type: z.literal('company'), id: idSchema('company') }),
  z.strictObject({ type: z.literal('member'), id: idSchema('member') }),
  z.strictObject({ type: z.literal('partner'), id: idSchema('partner') }),
  z.strictObject({ type: z.literal('api_key'), id: idSchema('apiKey') }),
  z.strictObject({ type: z.literal('charge'), id: idSchema('charge') }),
  z.strictObject({ type: z.literal('connection'), id: idSchema('connection') }),
  z.strictObject({ type: z.literal('support_request'), id: idSchema('supportRequest') }),
  // Made of the company and of its own name for it (`logId`), which is no word for a log.
  z.strictObject({ type: z.literal('product'), id: idSchema('product') }),
  z.strictObject({ type: z.literal('price_list'), id: idSchema('priceList') }),
  z.strictObject({ type: z.literal('import'), id: idSchema('import') }),
  z.strictObject({ type: z.literal('delivery'), id: idSchema('delivery') }),
  z.strictObject({ type: z.literal('endpoint'), id: idSchema('endpoint') }),
]);

/** One action of one company, as it is stored, shown and hashed. */
export const AuditEntry = z.strictObject({
  id: idSchema('audit'),
  companyId: idSchema('company'),
  at: z.iso.datetime({ precision: 3 }),
  actor: Actor,
  action: z.enum(ACTIONS),
  record: RecordRef,
  /** `intended` is written before what shares no transaction with the log, and followed by `done`. */
  result: z.enum(['done', 'intended', 'refused']),
  requestId: idSchema('request'),
  facts: Facts,
});
export type AuditEntry = z.infer<typeof AuditEntry>;

/** An entry as it is stored: its slot until it has its index, its index from then on. Neither is a part of it. */
export const StoredEntry = z
  .object({ ...AuditEntry.shape, index: z.int().min(0).optional(), due: z.int().optional() })
  .transform(({ index, due: _due, ...entry }) => ({ entry: entry satisfies AuditEntry, index }));

/**
 * The leaf of an entry in its company's tree, version 1, frozen by `test/vectors/audit-leaf-v1.json`: the JSON of
 * RFC 8785 (members sorted by name, no spaces, UTF-8) of the entry and `"v":1`. Every value is a string of ours, an
 * integer, a boolean or null, on which `JSON.stringify` and RFC 8785 agree.
 */
export function canonicalForm(entry: AuditEntry): Buffer {
  return Buffer.from(sortedJson({ ...entry, v: 1 }), 'utf8');
}

/** base64url of SHA-256(0x00 ‖ canonical form): the leaf hash of RFC 9162, section 2.1.1. */
export function leafHash(entry: AuditEntry): string {
  return createHash('sha256').update(Buffer.of(0)).update(canonicalForm(entry)).digest('base64url');
}

/** The value of the header `Audit-Entry`: with it a merchant can show later that an entry was left out. */
export function auditHeader(entry: AuditEntry): string {
  return `${entry.id}; leaf=${leafHash(entry)}`;
}

function sortedJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${sortedJson(member)}`);
  return `{${members.join(',')}}`;
}
