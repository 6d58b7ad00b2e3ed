import type { StoredAccount, StoredCard, StoredCharge } from '../billing/documents.ts';
import { chargeView } from '../billing/lists.ts';
import { paths } from '../cloud/firestore.ts';
import { anId, type Kind } from './export-kind.ts';

/** What a company has of billing. All else that Stripe knows is at Stripe, and exported there. */
export const BILLING_KINDS = {
  billing: {
    documents: (db, companyId) => db.collection(paths.billing(companyId)),
    isId: (text) => text === 'account',
    render: (_companyId, documents) =>
      documents.map((doc) => {
        const { accountId, mode, state, retryAfterDays, createdAt, updatedAt } = doc.data() as StoredAccount;
        return { accountId, mode, state, retryAfterDays, createdAt, updatedAt };
      }),
  },
  cards: {
    documents: (db, companyId) => db.collection(paths.cards(companyId)),
    isId: anId('partner'),
    // The account is the wholesaler's own, and no word of the retailer's.
    render: (companyId, documents) =>
      documents.map((doc) => {
        const { partnerId, supplierId, accountId, customerId, paymentMethodId, updatedAt } =
          doc.data() as StoredCard;
        const account = supplierId === companyId ? accountId : null;
        return {
          partner: partnerId,
          account,
          customer: customerId,
          paymentMethod: paymentMethodId,
          updatedAt,
        };
      }),
  },
  charges: {
    documents: (db, companyId) => db.collection(paths.charges(companyId)),
    isId: anId('charge'),
    render: (companyId, documents) =>
      documents.map((doc) => chargeView(companyId, doc.id, doc.data() as StoredCharge)),
  },
} as const satisfies Record<string, Kind>;
