import { FieldPath, type Firestore, type QueryDocumentSnapshot } from '@google-cloud/firestore';
import { SLOTS } from '../domain/due.ts';

const MOST_AT_ONCE = 500;
const MOST_PAGES = 10;

/**
 * Unfinished documents of all companies, as many as one tick looks at (5 000), and the place at which the next one goes on,
 * `''` for the beginning: very many that wait do not hide others for ever. Of every slot at once, as equality on a slot
 * never makes a hot range, which an index on a time would.
 */
export async function dueFrom(
  db: Firestore,
  group: 'orders' | 'erasures' | 'reservations' | 'stock' | 'pulls' | 'deliveries',
  place = '',
): Promise<{ docs: QueryDocumentSnapshot[]; next: string }> {
  const all = db.collectionGroup(group).where('due', 'in', SLOTS).orderBy(FieldPath.documentId());
  const docs: QueryDocumentSnapshot[] = [];
  let next = place;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const from = next === '' ? all : all.startAfter(db.doc(next));
    const found = await from.limit(MOST_AT_ONCE).get();
    docs.push(...found.docs);
    next = found.size < MOST_AT_ONCE ? '' : (found.docs.at(-1)?.ref.path ?? '');
    if (next === '') break;
  }
  return { docs, next };
}
