import { z } from 'zod';
import { idSchema } from '../../domain/ids.ts';
import { ManageAction, RecordKind } from '../../domain/support.ts';

/** What `support` sends to `disclose`, and what comes back: the one description for both sides. */
const Asking = z.strictObject({
  supportRequestId: idSchema('supportRequest'),
  staffId: idSchema('staff'),
  requestId: idSchema('request'),
});

export const OrderAsk = Asking.extend({ orderId: idSchema('order') });
export const ListAsk = Asking.extend({
  kind: RecordKind,
  limit: z.int().min(1).max(100),
  after: z.string().max(300).nullable(),
});
export const ActionAsk = Asking.extend({ action: ManageAction, orderId: idSchema('order') });
export const EndAsk = Asking;

const AuditEntryHeader = z.string().regex(/^aud_[0-9a-z]{26}; leaf=[\w-]{43}$/);

export const DisclosedAnswer = z.strictObject({ jwe: z.string(), auditEntry: AuditEntryHeader });
export const ManagedAnswer = z.strictObject({ auditEntry: AuditEntryHeader });
export const EndedAnswer = z.strictObject({ ended: z.literal(true) });

export const ASKS = { order: '/orders', list: '/lists', action: '/actions', end: '/ends' } as const;
