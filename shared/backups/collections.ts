import type { PartName } from './record.ts';

/**
 * What is copied, by the names of collections at any depth. A restore begins without the rest: what lives for hours (ways
 * in, challenges, links of a day, counters), and what must not come back (`idempotency`, `receipts`).
 */
export const COLLECTIONS: Record<PartName, readonly string[]> = {
  default: [
    ...['companies', 'orders', 'sealed', 'orderRefs', 'erasures', 'closings'],
    ...['partners', 'partnerPairs', 'partnerInvitations', 'connections', 'connectionRefs'],
    ...['products', 'stock', 'reservations', 'priceLists', 'imports', 'importParts'],
    ...['members', 'apiKeys', 'apiKeyRefs', 'emailRefs', 'invitations', 'recoveries', 'supportRequests'],
    ...['billing', 'stripeAccounts', 'cards', 'charges'],
    ...['shopRefs', 'deliveries', 'endpoints', 'pulls', 'privacyRequests'],
    ...['audit', 'auditTree', 'auditHeads', 'auditArchive', 'rootTree', 'roots'],
    ...['backups', 'drills', 'leases'],
  ],
  keyring: ['companyKeys', 'recordKeys', 'lookup', 'grants'],
  staff: ['staff', 'staffNames', 'attestations'],
};

/** What is left out, on purpose; of the keyring also `keyCensus`, which is taken anew. */
export const LEFT_OUT: readonly string[] = [
  ...[
    'sessions',
    'staffSessions',
    'challenges',
    'throttles',
    'resets',
    'signUps',
    'recoveryLinks',
    'shopifyStates',
  ],
  ...['idempotency', 'receipts'],
];
