import type { DocumentReference, Firestore, Query, QueryDocumentSnapshot } from '@google-cloud/firestore';
import { StoredApiKey } from '../accounts/api-keys.ts';
import { StoredMember } from '../accounts/documents.ts';
import { paths } from '../cloud/firestore.ts';
import type { Grants } from '../support/grants.ts';

export interface RemoveDeps {
  db: Firestore;
  grants: Pick<Grants, 'remove'>;
  /** Whether there is time for another page. */
  inTime: () => boolean;
}

/** With another document for each, a batch stays well below what one commit takes. */
const PAGE = 200;

/** Takes away every way in: sessions, keys, members, connections, links. True when none is left. */
export async function removeAccess(companyId: string, deps: RemoveDeps): Promise<boolean> {
  const { db } = deps;
  const ofCompany = (collection: string): Query =>
    db.collection(collection).where('companyId', '==', companyId);
  const keys = db.collection(paths.apiKeys(companyId));
  const members = db.collection(paths.members(companyId));
  const connections = db.collection(paths.connections(companyId));
  return (
    (await removeAll(ofCompany('sessions'), deps)) &&
    (await removeAll(ofCompany('invitations'), deps)) &&
    (await removeAll(ofCompany('resets'), deps)) &&
    (await removeAll(ofCompany(paths.partnerInvitations), deps)) &&
    (await removeAll(ofCompany('recoveryLinks'), deps)) &&
    (await removeAll(ofCompany('recoveries'), deps)) &&
    (await removeAll(ofCompany('shopifyStates'), deps)) &&
    (await removeAll(keys, deps, (doc) => db.doc(paths.apiKeyRef(StoredApiKey.parse(doc.data()).hash)))) &&
    (await removeAll(members, deps, (doc) =>
      db.doc(paths.emailRef(StoredMember.parse(doc.data()).emailHash)),
    )) &&
    (await removeAll(connections, deps, (doc) => db.doc(paths.connectionRef(doc.id))))
  );
}

/** Removes what else lies below the company, but what `except` names, and the company itself. True when all is gone. */
export async function removeRest(
  companyId: string,
  except: readonly string[],
  deps: RemoveDeps,
): Promise<boolean> {
  const { db, grants } = deps;
  const company = db.doc(paths.company(companyId));
  const requests = db.collection(paths.supportRequests(companyId));
  // The keyring shares no transaction: the grants of a page go first, so that none is left without its request.
  const begun = await requests.get();
  for (const { id } of begun.docs) await grants.remove(id);
  if (!(await removeAll(requests, deps, (doc) => db.doc(paths.supportRequestRef(doc.id))))) return false;
  if (!(await leaveShops(companyId, deps))) return false;
  const accounts = db.collection(paths.stripeAccounts).where('companyId', '==', companyId);
  if (!(await removeAll(accounts, deps))) return false;
  for (const collection of await company.listCollections()) {
    if (except.includes(collection.id)) continue;
    if (!(await removeAll(collection, deps))) return false;
  }
  await company.delete();
  return true;
}

/** Takes a company's connections off what shops' names lead to; what others have there stays. */
async function leaveShops(companyId: string, { db, inTime }: RemoveDeps): Promise<boolean> {
  const shops = db.collection('shopRefs').where('companies', 'array-contains', companyId).limit(PAGE);
  while (inTime()) {
    const { docs } = await shops.get();
    if (docs.length === 0) return true;
    for (const { ref } of docs) {
      await db.runTransaction(async (tx) => {
        const { connections } = ((await tx.get(ref)).data() ?? { connections: [] }) as ShopRef;
        const others = connections.filter((each) => each.companyId !== companyId);
        if (others.length === 0) tx.delete(ref);
        else
          tx.update(ref, {
            connections: others,
            companies: [...new Set(others.map((each) => each.companyId))],
          });
      });
    }
  }
  return false;
}

interface ShopRef {
  connections: { companyId: string; connectionId: string }[];
}

/** Deletes page by page, each document together with the one that `along` names. False when the time is over first. */
export async function removeAll(
  query: Query,
  { db, inTime }: Pick<RemoveDeps, 'db' | 'inTime'>,
  along?: (doc: QueryDocumentSnapshot) => DocumentReference,
): Promise<boolean> {
  while (inTime()) {
    const page = await (along === undefined ? query.select() : query).limit(PAGE).get();
    if (page.empty) return true;
    const batch = db.batch();
    for (const doc of page.docs) {
      if (along !== undefined) batch.delete(along(doc));
      batch.delete(doc.ref);
    }
    await batch.commit();
    if (page.size < PAGE) return true;
  }
  return false;
}
