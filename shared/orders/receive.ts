import { addEntry, type Beside } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { readTogether } from '../cloud/read-together.ts';
import type { RecordKey } from '../crypto/record-key.ts';
import { AppError } from '../domain/errors.ts';
import type { Details, IncomingOrder, StoredOrder } from '../domain/order.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { mergeIntoStored } from './merge-stored.ts';
import { newLine, withRouting } from './merge.ts';
import { minimise, type MinimisedOrder, titlesById } from './minimise.ts';
import { lineIdOf, orderIdOf } from './order-ids.ts';
import {
  type Acting,
  alreadyExists,
  type OrderRef,
  orderDoc,
  type OrdersDeps,
  type SealedRecord,
} from './order-store.ts';
import { withLines } from './progress.ts';
import { ownOrder, partnersOrder } from './own-order.ts';
import { publishDue } from './publish-due.ts';
import { takeFromSupplierShop } from './supplier-shop.ts';

/** Where an order came from. Orders made through the API have no connection. */
export interface OrderSource {
  companyId: string;
  connectionId: string | null;
  platform: string;
  /** Nothing can be told to it. */
  mute?: boolean;
}

/** What became of an event about an order. */
export type Received =
  | { outcome: 'stored'; orderId: string; entry: AuditEntry }
  | { outcome: 'repeated' | 'merged'; orderId: string }
  | { outcome: 'erased' | 'removed'; orderId: string };

/**
 * Takes an order in: minimise, seal, store, publish. A repeat is the same order; an order that was erased stays
 * erased, and one that its shop removed before it came stays away unless the shop has it again. `orderRefs` is read first, since a tombstone ends everything; then the record key is made, then the order.
 */
export async function receiveOrder(
  incoming: IncomingOrder,
  source: OrderSource,
  acting: Acting,
  deps: OrdersDeps,
  beside?: Beside,
): Promise<Received> {
  const lookup = await deps.keyring.lookup();
  const own = await ownOrder(
    incoming.marker,
    { companyId: source.companyId, externalId: incoming.externalId },
    lookup,
    deps,
  );
  if (own !== undefined) {
    const carried = await takeFromSupplierShop(own, incoming, acting, deps);
    return { outcome: carried ? 'merged' : 'repeated', orderId: own.orderId };
  }
  const theirs = await partnersOrder(
    incoming.marker,
    { ...source, externalId: incoming.externalId },
    lookup,
    deps,
  );
  if (theirs !== undefined) return { outcome: 'repeated', orderId: theirs };
  const orderId = orderIdOf(lookup, source.connectionId ?? source.companyId, incoming.externalId);
  const minimised = minimise(incoming, deps.now);
  // Each is asked for several times, and is a hash.
  const ids = new Map(minimised.lines.map(({ key }) => [key, lineIdOf(lookup, orderId, key)]));
  const idOf = (key: string): string => ids.get(key) ?? lineIdOf(lookup, orderId, key);
  const ref = deps.db.doc(paths.orderRef(orderId));

  const found = await readTogether(ref);
  let known = found.data() as OrderRef | undefined;
  if (known?.removedAt !== undefined) {
    if (!isThereAgain(incoming, known.removedAt, deps.now)) return { outcome: 'removed', orderId };
    await ref.delete(found.updateTime === undefined ? {} : { lastUpdateTime: found.updateTime });
    known = undefined;
  }
  if (known === undefined) {
    const entry = await create(orderId, minimised, idOf, source, acting, deps, beside);
    if (entry !== undefined) return { outcome: 'stored', orderId, entry };
    known = (await ref.get()).data() as OrderRef | undefined;
    // The key that was just made must not outlive an order that was erased, or removed, in the meantime.
    if (known?.erasedAt ?? known?.removedAt) await deps.keyring.destroyRecordKey(orderId);
  }
  if (known?.erasedAt) return { outcome: 'erased', orderId };
  if (known?.removedAt !== undefined) return { outcome: 'removed', orderId };
  // Neither made nor there: what was to come into being beside it exists already.
  if (known === undefined) throw new AppError('IDEMPOTENCY_MISMATCH');
  // A merchant's own order is changed by its merchant, not by being sent again.
  if (source.connectionId === null) return { outcome: 'repeated', orderId };
  const merged = await mergeIntoStored(
    { orderId, companyId: source.companyId, incoming: minimised, idOf },
    acting,
    deps,
  );
  return { outcome: merged ? 'merged' : 'repeated', orderId };
}

/** What a shop's list was read from before the removal, in milliseconds, may still hold the order. */
const READ_BEFORE = 5 * 60_000;

/** Whether an order that its shop removed is in it again: the shop says so, or shows it a while later. */
function isThereAgain({ event }: IncomingOrder, removedAt: string, now: Clock): boolean {
  if (event !== undefined) return event === 'restored';
  return now() - Date.parse(removedAt) > READ_BEFORE;
}

/** One batch of creates; undefined when somebody else made the order first. */
async function create(
  orderId: string,
  minimised: MinimisedOrder,
  idOf: (key: string) => string,
  source: OrderSource,
  acting: Acting,
  deps: OrdersDeps,
  beside: Beside | undefined,
): Promise<AuditEntry | undefined> {
  const { db, keyring, now, log } = deps;
  const recordKey = await keyring.createRecordKey({ companyId: source.companyId, orderId });
  const order = newOrder(minimised, source, idOf, timestamp(now));
  const batch = db.batch();
  batch.create(db.doc(paths.orderRef(orderId)), {
    companyId: source.companyId,
    orderId,
    erasedAt: null,
  } satisfies OrderRef);
  batch.create(orderDoc(db, source.companyId, orderId), order);
  batch.create(db.doc(paths.sealed(orderId)), seal(recordKey, source.companyId, minimised, idOf));
  const entry = addEntry(
    batch,
    {
      companyId: source.companyId,
      ...acting,
      action: source.connectionId === null ? 'order.created' : 'order.received',
      record: { type: 'order', id: orderId },
      result: 'done',
      facts: { lines: order.lines.length, addressCleaned: order.addressCleaned },
    },
    deps,
  );
  beside?.(batch, orderId);
  try {
    await batch.commit();
  } catch (error) {
    if (alreadyExists(error)) return undefined;
    throw error;
  }
  log.orderStored(orderId, source.companyId);
  await publishDue(order, orderId, source.companyId, deps);
  return entry;
}

/** An order as it is first stored: held without an address, due for routing when it is paid. */
export function newOrder(
  minimised: MinimisedOrder,
  source: OrderSource,
  idOf: (key: string) => string,
  at: string,
): StoredOrder {
  const held = minimised.shipTo === null;
  const order: StoredOrder = {
    companyId: source.companyId,
    code: minimised.code,
    source: {
      connectionId: source.connectionId,
      platform: source.platform,
      externalId: minimised.externalId,
      ...(source.mute === true && { mute: true as const }),
    },
    state: 'received',
    routing: held ? 'held' : 'pending',
    held: held ? { code: 'ADDRESS_EMPTY', at } : null,
    partner: null,
    origin: null,
    supplyOrders: [],
    partners: [],
    paid: minimised.paid,
    shippingService: minimised.shippingService,
    addressCleaned: minimised.addressCleaned,
    archived: false,
    archivedAt: null,
    erasedAt: null,
    erasing: null,
    currency: minimised.currency,
    lines: [],
    totals: minimised.totals,
    fulfilments: [],
    createdAt: at,
    updatedAt: at,
    sourceUpdatedAt: minimised.updatedAt,
  };
  return withRouting(
    withLines(
      order,
      minimised.lines.map((line) => newLine(idOf(line.key), line)),
    ),
  );
}

function seal(
  recordKey: RecordKey,
  companyId: string,
  minimised: MinimisedOrder,
  idOf: (key: string) => string,
): SealedRecord {
  const details: Details = { titles: titlesById(minimised, idOf), tracking: {} };
  return {
    companyId,
    shipTo: minimised.shipTo === null ? null : recordKey.sealShipTo(minimised.shipTo),
    shipToMac: minimised.shipTo === null ? null : recordKey.shipToMac(minimised.shipTo),
    details: recordKey.sealDetails(details),
  };
}
