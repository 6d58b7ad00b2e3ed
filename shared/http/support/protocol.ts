import { z } from 'zod';
import { idSchema } from '../../domain/ids.ts';
import { ManageAction, PublicKey, Purpose, Reach, RecordKind, Ticket } from '../../domain/support.ts';
import { RequestPage, SupportRequest } from './schemas.ts';

/** What `support` sends to `disclose`, and what comes back: the one description for both sides. */
const Asking = z.strictObject({
  supportRequestId: idSchema('supportRequest'),
  staffId: idSchema('staff'),
  requestId: idSchema('request'),
});

const Staff = Asking.omit({ supportRequestId: true });

export const NewAsk = Staff.extend({
  question: z.strictObject({
    companyId: idSchema('company'),
    purpose: Purpose,
    ticket: Ticket,
    asked: Reach,
    publicKey: PublicKey,
  }),
});
export const OwnAsk = Staff.extend({ limit: z.int().min(1).max(100), after: z.string().max(300).nullable() });
export const ReadAsk = Asking;
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
export const ReadAnswer = SupportRequest;
export const OwnAnswer = RequestPage;
/** A request that was changed, and its entry in the merchant's log. */
export const ChangedAnswer = z.strictObject({ request: SupportRequest, auditEntry: AuditEntryHeader });

export const ASKS = {
  ask: '/requests',
  own: '/requests/own',
  read: '/requests/read',
  end: '/requests/end',
  order: '/orders',
  list: '/lists',
  action: '/actions',
} as const;
