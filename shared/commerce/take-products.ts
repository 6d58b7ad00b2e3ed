import type { DocumentReference, DocumentSnapshot, Firestore } from '@google-cloud/firestore';
import { isDeepStrictEqual } from 'node:util';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { timestamp } from '../domain/time.ts';
import { readConnection } from './change-connection.ts';
import type { ConnectDeps, Merchant } from './connect.ts';
import type { Connection } from './connections.ts';
import type { PullDeps } from './pull-order.ts';
import { type ShopProduct, shopProducts } from './shop-products.ts';
import { StoredConnection } from './stored-connection.ts';

/**
 * Writes a page of products; `counts` also takes the shop's numbers of what nobody counts here yet, and its changes of
 * what is. `again`: a number has to be looked at again in a minute.
 */
export type WriteProducts = (
  connection: Connection,
  products: ShopProduct[],
  counts: boolean,
) => Promise<{ written: number; refused: number; again: boolean }>;

type Catalogue = NonNullable<StoredConnection['catalogue']>;

const MOST_MS = 3 * 60_000;
/** A shop's lists may show a change as much later, in milliseconds. */
const MARGIN = 10 * 60_000;

/** Has a shop's products taken over, all now and then whatever changes. `CONFLICT` for a sender whose are not read. */
export async function importProducts(
  merchant: Merchant,
  id: string,
  counts: boolean,
  deps: ConnectDeps,
): Promise<{ stored: StoredConnection; entry: AuditEntry }> {
  const { db, now } = deps;
  const { companyId } = merchant;
  const stored = await readConnection(db, companyId, id);
  if (stored.platform === 'standard' || stored.state !== 'active') {
    throw new AppError('CONFLICT', 'the products of this connection can not be read');
  }
  const catalogue: Catalogue = {
    ...{ state: 'running', counts, requestedAt: timestamp(now), finishedAt: null },
    ...{ products: 0, refused: 0, until: null, page: null, startedAt: null },
  };
  const batch = db.batch();
  batch.update(db.doc(paths.connection(companyId, id)), { catalogue });
  const record = { type: 'connection', id } as const;
  const about = { action: 'connection.import_started', record, result: 'done', facts: {} } as const;
  const entry = addEntry(batch, { ...merchant, ...about }, deps);
  await batch.commit();
  // Without the message it begins at the shop's next turn.
  await deps.publisher.pull({ companyId, connectionId: id }).catch(() => undefined);
  return { stored: { ...stored, catalogue }, entry };
}

/**
 * Goes on with what a shop's products are, a few minutes long: all of them at first, then those that changed. Whoever is
 * killed goes on at the page where it was; a page that is written twice changes nothing. True when they have to be read
 * again in a minute.
 */
export async function takeProducts(
  connection: Connection,
  stored: StoredConnection,
  write: WriteProducts,
  deps: PullDeps,
): Promise<boolean> {
  const { db, now } = deps;
  const shop = shopProducts(connection.secrets, deps);
  if (stored.catalogue === null || shop === undefined) return false;
  let catalogue: Catalogue = stored.catalogue;
  let before = catalogue;
  let again = false;
  const startedAt = timestamp(now);
  const ref = db.doc(paths.connection(connection.companyId, connection.id));
  const end = now() + MOST_MS;
  const { until } = catalogue;
  const since = until === null ? null : new Date(Date.parse(until) - MARGIN).toISOString();
  do {
    const page = await shop.changedSince(since, catalogue.page ?? undefined);
    // A shop may take its time: what was asked for meanwhile is done as it was asked for.
    if (page.products.length > 0 && !isDeepStrictEqual(catalogueIn(await ref.get()), before)) return true;
    const { written, refused, ...looked } = await write(connection, page.products, catalogue.counts);
    again ||= looked.again;
    const seen = {
      products: catalogue.products + written,
      refused: catalogue.refused + refused + page.unreadable,
    };
    const over = page.next === undefined;
    catalogue = { ...catalogue, ...seen, page: page.next ?? null };
    // Only what changes from now on is asked for next, and it is not counted as it was at first.
    if (over) {
      const finishedAt = catalogue.finishedAt ?? timestamp(now);
      catalogue = {
        ...catalogue,
        state: 'done',
        finishedAt,
        until: catalogue.startedAt ?? startedAt,
        startedAt: null,
      };
    } else catalogue = { ...catalogue, startedAt: catalogue.startedAt ?? startedAt };
    // Asked for anew meanwhile, or read by another run: what is known of this one is not written over that.
    if (!(await keep(ref, before, catalogue, db))) return true;
    before = catalogue;
  } while (catalogue.page !== null && now() < end);
  return again;
}

/** False when it is not as it was any more: somebody asked for the products since, or another run came further. */
function keep(
  ref: DocumentReference,
  before: Catalogue,
  catalogue: Catalogue,
  db: Firestore,
): Promise<boolean> {
  return db.runTransaction(async (tx) => {
    const same = isDeepStrictEqual(catalogueIn(await tx.get(ref)), before);
    if (same) tx.update(ref, { catalogue });
    return same;
  });
}

function catalogueIn(found: DocumentSnapshot): Catalogue | null | undefined {
  return StoredConnection.shape.catalogue.safeParse(found.get('catalogue')).data;
}
