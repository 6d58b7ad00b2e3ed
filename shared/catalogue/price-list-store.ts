import type { DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import { MOST_EXCEPTIONS, type PriceList, StoredPriceList } from './price-list.ts';
import type { PriceLists } from './price.ts';

export function toPriceList(snapshot: DocumentSnapshot): PriceList | undefined {
  const data = snapshot.data();
  if (data === undefined || snapshot.updateTime === undefined) return undefined;
  const { seconds, nanoseconds } = snapshot.updateTime;
  return { id: snapshot.id, version: `${seconds}.${nanoseconds}`, ...StoredPriceList.parse(data) };
}

/** The lists that a partner's terms lead to: one read, and one for each exception. */
export async function readPriceLists(
  db: Firestore,
  companyId: string,
  priceListId: string | null,
): Promise<PriceLists> {
  if (priceListId === null) return 'none';
  const base = toPriceList(await db.doc(paths.priceList(companyId, priceListId)).get());
  if (base === undefined) return 'missing';
  return { base, exceptions: await readSome(db, companyId, base.exceptions) };
}

/** Those that exist, in the order asked for. */
export async function readSome(
  db: Firestore,
  companyId: string,
  ids: readonly string[],
): Promise<PriceList[]> {
  if (ids.length === 0) return [];
  const some = ids.slice(0, MOST_EXCEPTIONS).map((id) => db.doc(paths.priceList(companyId, id)));
  return (await db.getAll(...some)).map(toPriceList).filter((list) => list !== undefined);
}
