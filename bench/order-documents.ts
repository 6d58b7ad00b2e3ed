import type { DocumentData } from '@google-cloud/firestore';
import type { Cloud } from '../local/cloud.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore, paths } from '../shared/cloud/firestore.ts';

/** What one received order is in the databases. */
export interface OrderDocuments {
  companyId: string;
  recordKey: DocumentData;
  orderRef: DocumentData;
  order: DocumentData;
  sealed: DocumentData;
  audit: DocumentData;
}

/** The documents of some order of the company, as they were received. */
export async function documentsOfOneOrder(
  cloud: Pick<Cloud, 'envOf'>,
  companyId: string,
): Promise<OrderDocuments> {
  const config = readConfig(cloud.envOf('seed'));
  const db = openFirestore(config, '(default)');
  const keyring = openFirestore(config, 'keyring');
  const [order] = (await db.collection(paths.orders(companyId)).limit(1).get()).docs;
  const [audit] = (
    await db.collection(paths.audit(companyId)).where('action', '==', 'order.received').limit(1).get()
  ).docs;
  const id = order?.id ?? '';
  const data = async (from: typeof db, path: string): Promise<DocumentData> =>
    (await from.doc(path).get()).data() ?? {};
  return {
    companyId,
    recordKey: await data(keyring, `recordKeys/${id}`),
    orderRef: await data(db, paths.orderRef(id)),
    order: order?.data() ?? {},
    sealed: await data(db, paths.sealed(id)),
    audit: audit?.data() ?? {},
  };
}
