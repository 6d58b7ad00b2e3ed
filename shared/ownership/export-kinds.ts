import type { QueryDocumentSnapshot } from '@google-cloud/firestore';
import { apiKeyViews, StoredApiKey } from '../accounts/api-keys.ts';
import { StoredInvitation, StoredMember } from '../accounts/documents.ts';
import { invitationView, memberView } from '../accounts/members.ts';
import { movedUpTo, readSegment } from '../audit/archive.ts';
import { leafHash, StoredEntry } from '../audit/entry.ts';
import { StoredSegment } from '../audit/segment.ts';
import type { StoredImport } from '../catalogue/import-store.ts';
import { PriceListId, StoredPriceList } from '../catalogue/price-list.ts';
import { toProduct } from '../catalogue/write-products.ts';
import { paths } from '../cloud/firestore.ts';
import { StoredPull } from '../commerce/pulls.ts';
import { StoredConnection } from '../commerce/stored-connection.ts';
import { deliveryView } from '../deliveries/delivery-store.ts';
import { endpointView, StoredEndpoint } from '../deliveries/endpoints.ts';
import { StoredDelivery } from '../domain/delivery.ts';
import { AppError } from '../domain/errors.ts';
import type { StoredOrder } from '../domain/order.ts';
import { StoredPartner } from '../domain/partner.ts';
import type { StoredReservation, StoredStock } from '../domain/stock.ts';
import { readBills } from '../orders/bills.ts';
import type { StoredErasure } from '../orders/erasure.ts';
import { unseal } from '../orders/open.ts';
import { toReadOrder } from '../orders/order-store.ts';
import type { StoredPrivacyRequest } from '../orders/privacy-request.ts';
import { listView, singleView } from '../orders/view.ts';
import { openContact } from '../partners/contact.ts';
import { requestView, toRequest } from '../support/request-store.ts';
import { BILLING_KINDS } from './billing-kinds.ts';
import { anId, type ExportDeps, type Kind } from './export-kind.ts';

/** How many orders are opened at the same time. */
const AT_ONCE = 10;

/** Everything that a company has, by kind; the company itself is a kind of one record. Secrets and hashes are not in it. */
export const EXPORT_KINDS = {
  members: {
    documents: (db, companyId) => db.collection(paths.members(companyId)),
    isId: anId('member'),
    render: (companyId, documents, deps) =>
      Promise.all(
        documents.map((doc) => memberView(companyId, doc.id, StoredMember.parse(doc.data()), deps)),
      ),
    opens: true,
  },
  invitations: {
    documents: (db, companyId) => db.collection('invitations').where('companyId', '==', companyId),
    isId: (text) => /^[0-9a-f]{64}$/.test(text),
    render: (_companyId, documents, deps) =>
      Promise.all(documents.map((doc) => invitationView(StoredInvitation.parse(doc.data()), deps))),
    opens: true,
  },
  apiKeys: {
    documents: (db, companyId) => db.collection(paths.apiKeys(companyId)),
    isId: anId('apiKey'),
    render: (_companyId, documents, { db }) =>
      apiKeyViews(
        documents.map((doc) => ({ id: doc.id, stored: StoredApiKey.parse(doc.data()) })),
        db,
      ),
  },
  partners: {
    documents: (db, companyId) => db.collection(paths.partners(companyId)),
    isId: anId('partner'),
    // Not the other company's own id: it is no word of this one's.
    render: (companyId, documents, deps) =>
      Promise.all(
        documents.map(async (doc) => {
          const { role, state, terms, termsVersion, preference, contact, createdAt, endedAt } =
            StoredPartner.parse(doc.data());
          return {
            ...{ id: doc.id, role, state, terms, termsVersion, preference },
            contact: await openContact(companyId, doc.id, contact, deps),
            ...{ createdAt, endedAt },
          };
        }),
      ),
    opens: true,
  },
  products: {
    documents: (db, companyId) => db.collection(paths.products(companyId)),
    // The SKU in base64url. UTF-8 never begins with two bytes of which this would begin with `__`.
    isId: (text) => /^(?!__)[\w-]{1,1000}$/.test(text),
    // What was removed is none any more.
    render: (_companyId, documents) =>
      documents.map(toProduct).flatMap((product) => {
        if (product === undefined) return [];
        const { lists: _lists, rules: priceRules, changedAt, askedAt: _askedAt, ...shown } = product;
        return [{ ...shown, priceRules, changedAt: changedAt?.toDate().toISOString() ?? null }];
      }),
  },
  priceLists: {
    documents: (db, companyId) => db.collection(paths.priceLists(companyId)),
    isId: (text) => PriceListId.safeParse(text).success,
    render: (_companyId, documents) =>
      documents.map((doc) => ({ id: doc.id, ...StoredPriceList.parse(doc.data()) })),
  },
  imports: {
    documents: (db, companyId) => db.collection(paths.imports(companyId)),
    isId: anId('import'),
    render: (_companyId, documents) =>
      documents.map((doc) => {
        const { companyId: _, due: _due, parts: _parts, ...shown } = doc.data() as StoredImport;
        return { id: doc.id, ...shown };
      }),
  },
  stock: {
    documents: (db, companyId) => db.collection(paths.stocks(companyId)),
    isId: (text) => /^(?!__)[\w-]{1,1000}$/.test(text),
    render: (_companyId, documents) =>
      documents.map((doc) => {
        const { sku, places, reserved, waiting, updatedAt } = doc.data() as StoredStock;
        return { sku, places, reserved, backordered: waiting, updatedAt };
      }),
  },
  reservations: {
    documents: (db, companyId) => db.collection(paths.reservations(companyId)),
    isId: anId('line'),
    render: (_companyId, documents) =>
      documents.map((doc) => {
        const { sku, orderId, quantity, shipped, granted, state, createdAt } =
          doc.data() as StoredReservation;
        return { lineId: doc.id, sku, orderId, quantity, shipped, granted, state, createdAt };
      }),
  },
  connections: {
    documents: (db, companyId) => db.collection(paths.connections(companyId)),
    isId: anId('connection'),
    render: (_companyId, documents) =>
      documents.map((doc) => {
        const { platform, name, shop, state, scopes, overlapUntil, health, catalogue, createdAt } =
          StoredConnection.parse(doc.data());
        return {
          id: doc.id,
          platform,
          name,
          shop,
          state,
          scopes,
          overlapUntil,
          health,
          catalogue,
          createdAt,
        };
      }),
  },
  orders: {
    documents: (db, companyId) => db.collection(paths.orders(companyId)),
    isId: anId('order'),
    render: openedOrders,
    opens: true,
  },
  pulls: {
    documents: (db, companyId) => db.collection(paths.pulls(companyId)),
    isId: anId('pull'),
    render: (_companyId, documents) =>
      documents.map((doc) => {
        const { connectionId, externalId, requestedAt, attempts } = StoredPull.parse(doc.data());
        return { id: doc.id, connectionId, externalId, requestedAt, attempts };
      }),
  },
  privacyRequests: {
    documents: (db, companyId) => db.collection(paths.privacyRequests(companyId)),
    isId: anId('privacy'),
    render: (_companyId, documents) =>
      documents.map((doc) => {
        const { companyId: _, due: _due, cursor: _cursor, ...shown } = doc.data() as StoredPrivacyRequest;
        return { id: doc.id, ...shown };
      }),
  },
  endpoints: {
    documents: (db, companyId) => db.collection(paths.endpoints(companyId)),
    isId: anId('endpoint'),
    render: (companyId, documents, { keyring }) =>
      Promise.all(
        documents.map((doc) => endpointView(companyId, doc.id, StoredEndpoint.parse(doc.data()), keyring)),
      ),
    opens: true,
  },
  deliveries: {
    documents: (db, companyId) => db.collection(paths.deliveries(companyId)),
    isId: anId('delivery'),
    render: (_companyId, documents) =>
      documents.map((doc) => deliveryView(doc.id, StoredDelivery.parse(doc.data()))),
  },
  erasures: {
    documents: (db, companyId) => db.collection(paths.erasures(companyId)),
    isId: anId('erasure'),
    render: (_companyId, documents) =>
      documents.map((doc) => {
        const { companyId: _, due: _due, confirmDue: _confirmDue, ...shown } = doc.data() as StoredErasure;
        return { id: doc.id, ...shown };
      }),
  },
  ...BILLING_KINDS,
  approvals: {
    documents: (db, companyId) => db.collection(paths.supportRequests(companyId)),
    isId: anId('supportRequest'),
    render: (_companyId, documents, { now }) => documents.map((doc) => requestView(toRequest(doc), now)),
  },
  audit: {
    documents: (db, companyId) => db.collection(paths.audit(companyId)),
    isId: anId('audit'),
    render: (_companyId, documents) =>
      documents.map((doc) => {
        const { entry } = StoredEntry.parse(doc.data());
        return { ...entry, leaf: leafHash(entry) };
      }),
  },
  // Behind `audit`: what moves while somebody goes through that is here then.
  auditArchive: {
    documents: (db, companyId) => db.collection(paths.auditArchive(companyId)),
    isId: (text) => /^[0-9]{12}$/.test(text),
    render: async (companyId, documents, { logs }) => {
      const segments = documents.map((doc) => StoredSegment.parse(doc.data()));
      const read = segments.map((segment) => readSegment({ objects: logs }, companyId, segment));
      return (await Promise.all(read)).flat().map((entry) => ({ ...entry, leaf: leafHash(entry) }));
    },
    records: movedUpTo,
    chunk: 1,
  },
} as const satisfies Record<string, Kind>;

export type ExportKind = keyof typeof EXPORT_KINDS;

export function kindOf(name: ExportKind): Kind {
  return EXPORT_KINDS[name];
}

async function openedOrders(
  companyId: string,
  documents: QueryDocumentSnapshot[],
  deps: ExportDeps,
): Promise<object[]> {
  const rendered: object[] = [];
  for (let from = 0; from < documents.length; from += AT_ONCE) {
    const some = documents.slice(from, from + AT_ONCE);
    rendered.push(...(await Promise.all(some.map((doc) => openedOrder(companyId, doc, deps)))));
  }
  return rendered;
}

/** The single read, and whether it could be opened: what one order lost does not keep a merchant from the others. */
async function openedOrder(
  companyId: string,
  document: QueryDocumentSnapshot,
  deps: ExportDeps,
): Promise<object> {
  const read = toReadOrder(document);
  const order: StoredOrder = read.order;
  const bills = await readBills(deps.db, [order]);
  const gone = { ...listView(read.id, order, bills), opened: false };
  try {
    const opened = await unseal(companyId, read, deps);
    if (opened === undefined) return gone;
    return { ...singleView(read.id, order, opened, bills), opened: true };
  } catch (error) {
    const lost = error instanceof AppError && (error.code === 'KEY_GONE' || error.code === 'SEAL_BROKEN');
    if (lost) return gone;
    throw error;
  }
}
