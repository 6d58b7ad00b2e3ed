import { createHash } from 'node:crypto';
import { Firestore } from '@google-cloud/firestore';
import { type Config, hostAndPort } from './config.ts';

/**
 * `(default)` holds sealed bytes, the trade and merchants' people; `keyring` holds wrapped keys and grants; `staff` holds
 * our own people, for the desk on the internet reaches no other. IAM ends at the database. They share no transaction.
 */
export type DatabaseId = '(default)' | 'keyring' | 'staff';

/** The official client for one of the databases, behind the local door when the configuration names one. */
export function openFirestore(
  config: Pick<Config, 'projectId' | 'cloudEndpoint'>,
  databaseId: DatabaseId,
): Firestore {
  return openDatabase(config, databaseId);
}

/** A database of any id: those that are restored or tried. */
export function openDatabase(
  config: Pick<Config, 'projectId' | 'cloudEndpoint'>,
  databaseId: string,
): Firestore {
  const local =
    config.cloudEndpoint === undefined ? {} : { ...hostAndPort(config.cloudEndpoint), ssl: false };
  return new Firestore({
    projectId: config.projectId,
    databaseId,
    ignoreUndefinedProperties: false,
    ...local,
  });
}

/** All of them, for those who copy and compare whole databases. */
export function openDatabases(config: Pick<Config, 'projectId' | 'cloudEndpoint'>): {
  db: Firestore;
  databases: Record<DatabaseId, Firestore>;
} {
  const db = openFirestore(config, '(default)');
  const [keyring, staff] = [openFirestore(config, 'keyring'), openFirestore(config, 'staff')];
  return { db, databases: { '(default)': db, keyring, staff } };
}

/**
 * SHA-256 in hex of what an order is called by. The erasure ledger names orders by the same hash, so that a restore
 * can put up the tombstone of an order that it knows nothing else of.
 */
export function orderRefId(orderId: string): string {
  return createHash('sha256').update(`orderRefs/${orderId}`).digest('hex');
}

/** The name of a signed root: its number, so that names sort as numbers do. */
export function rootName(root: number): string {
  return String(root).padStart(10, '0');
}

/** Where documents of `(default)` and of `staff` live: the one list of their paths. */
export const paths = {
  company: (companyId: string) => `companies/${companyId}`,
  orders: (companyId: string) => `companies/${companyId}/orders`,
  order: (companyId: string, orderId: string) => `companies/${companyId}/orders/${orderId}`,
  partners: (companyId: string) => `companies/${companyId}/partners`,
  partner: (companyId: string, partnerId: string) => `companies/${companyId}/partners/${partnerId}`,
  /** By which two companies find that they are connected already. */
  partnerPair: (retailerId: string, supplierId: string) =>
    `companies/${retailerId}/partnerPairs/${supplierId}`,
  partnerInvitations: 'partnerInvitations',
  partnerInvitation: (tokenHash: string) => `partnerInvitations/${tokenHash}`,
  products: (companyId: string) => `companies/${companyId}/products`,
  product: (companyId: string, sku: string) =>
    `companies/${companyId}/products/${Buffer.from(sku, 'utf8').toString('base64url')}`,
  stocks: (companyId: string) => `companies/${companyId}/stock`,
  stock: (companyId: string, sku: string) =>
    `companies/${companyId}/stock/${Buffer.from(sku, 'utf8').toString('base64url')}`,
  reservations: (companyId: string) => `companies/${companyId}/reservations`,
  reservation: (companyId: string, lineId: string) => `companies/${companyId}/reservations/${lineId}`,
  priceLists: (companyId: string) => `companies/${companyId}/priceLists`,
  priceList: (companyId: string, id: string) => `companies/${companyId}/priceLists/${id}`,
  imports: (companyId: string) => `companies/${companyId}/imports`,
  import: (companyId: string, importId: string) => `companies/${companyId}/imports/${importId}`,
  importPart: (companyId: string, importId: string, part: number) =>
    `companies/${companyId}/importParts/${importId}-${part}`,
  connections: (companyId: string) => `companies/${companyId}/connections`,
  connection: (companyId: string, connectionId: string) =>
    `companies/${companyId}/connections/${connectionId}`,
  privacyRequests: (companyId: string) => `companies/${companyId}/privacyRequests`,
  privacyRequest: (companyId: string, id: string) => `companies/${companyId}/privacyRequests/${id}`,
  pulls: (companyId: string) => `companies/${companyId}/pulls`,
  pull: (companyId: string, pullId: string) => `companies/${companyId}/pulls/${pullId}`,
  audit: (companyId: string) => `companies/${companyId}/audit`,
  erasures: (companyId: string) => `companies/${companyId}/erasures`,
  erasure: (companyId: string, erasureId: string) => `companies/${companyId}/erasures/${erasureId}`,
  connectionRef: (connectionId: string) => `connectionRefs/${connectionId}`,
  shopRef: (shopHash: string) => `shopRefs/${shopHash}`,
  shopifyState: (stateHash: string) => `shopifyStates/${stateHash}`,
  orderRef: (orderId: string) => `orderRefs/${orderRefId(orderId)}`,
  sealed: (orderId: string) => `sealed/${orderId}`,
  members: (companyId: string) => `companies/${companyId}/members`,
  member: (companyId: string, memberId: string) => `companies/${companyId}/members/${memberId}`,
  apiKeys: (companyId: string) => `companies/${companyId}/apiKeys`,
  apiKey: (companyId: string, keyId: string) => `companies/${companyId}/apiKeys/${keyId}`,
  apiKeyRef: (keyHash: string) => `apiKeyRefs/${keyHash}`,
  closing: (companyId: string) => `closings/${companyId}`,
  emailRef: (emailHash: string) => `emailRefs/${emailHash}`,
  session: (tokenHash: string) => `sessions/${tokenHash}`,
  invitation: (tokenHash: string) => `invitations/${tokenHash}`,
  reset: (tokenHash: string) => `resets/${tokenHash}`,
  recoveries: 'recoveries',
  recovery: (memberId: string) => `recoveries/${memberId}`,
  recoveryLink: (tokenHash: string) => `recoveryLinks/${tokenHash}`,
  signUp: (tokenHash: string) => `signUps/${tokenHash}`,
  challenge: (subject: string) => `challenges/${subject}`,
  throttle: (keyHash: string) => `throttles/${keyHash}`,
  supportRequests: (companyId: string) => `companies/${companyId}/supportRequests`,
  supportRequest: (companyId: string, id: string) => `companies/${companyId}/supportRequests/${id}`,
  supportRequestRefs: 'supportRequests',
  supportRequestRef: (id: string) => `supportRequests/${id}`,
  staff: 'staff',
  staffMember: (staffId: string) => `staff/${staffId}`,
  staffName: (name: string) => `staffNames/${name}`,
  staffSessions: 'staffSessions',
  staffSession: (tokenHash: string) => `staffSessions/${tokenHash}`,
  staffTries: (name: string, window: number) => `throttles/staff-${name}-${window}`,
  attestations: 'attestations',
  attestation: (id: string) => `attestations/${id}`,
  billing: (companyId: string) => `companies/${companyId}/billing`,
  billingAccount: (companyId: string) => `companies/${companyId}/billing/account`,
  cards: (companyId: string) => `companies/${companyId}/cards`,
  card: (companyId: string, partnerId: string) => `companies/${companyId}/cards/${partnerId}`,
  charges: (companyId: string) => `companies/${companyId}/charges`,
  charge: (companyId: string, chargeId: string) => `companies/${companyId}/charges/${chargeId}`,
  stripeAccounts: 'stripeAccounts',
  stripeAccount: (accountId: string) => `stripeAccounts/${accountId}`,
  receipt: (eventId: string) => `receipts/${eventId}`,
  deliveries: (companyId: string) => `companies/${companyId}/deliveries`,
  delivery: (companyId: string, deliveryId: string) => `companies/${companyId}/deliveries/${deliveryId}`,
  endpoints: (companyId: string) => `companies/${companyId}/endpoints`,
  endpoint: (companyId: string, endpointId: string) => `companies/${companyId}/endpoints/${endpointId}`,
  lease: (name: string) => `leases/${name}`,
  auditEntry: (companyId: string, entryId: string) => `companies/${companyId}/audit/${entryId}`,
  auditArchive: (companyId: string) => `companies/${companyId}/auditArchive`,
  auditSegment: (companyId: string, id: string) => `companies/${companyId}/auditArchive/${id}`,
  auditTree: (companyId: string, name: string) => `companies/${companyId}/auditTree/${name}`,
  auditHeads: (companyId: string) => `companies/${companyId}/auditHeads`,
  auditHead: (companyId: string, root: number) => `companies/${companyId}/auditHeads/${rootName(root)}`,
  rootTree: (name: string) => `rootTree/${name}`,
  root: (root: number) => `roots/${rootName(root)}`,
  drill: (day: string) => `drills/${day}`,
  backup: (backupId: string) => `backups/${backupId}`,
} as const;
