import { FieldValue, type Firestore, type WriteBatch } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import type { LookupKey } from '../crypto/lookup.ts';
import type { Party } from '../crypto/record-key.ts';
import { AppError } from '../domain/errors.ts';
import type { OrderLine, StoredOrder } from '../domain/order.ts';
import type { StockMessage } from '../domain/stock.ts';
import { timestamp } from '../domain/time.ts';
import { addDelivery, publishDeliveries, type Queued } from '../outbox/outbox.ts';
import { addEvents, endpointsOf, orderShopOf } from '../outbox/targets.ts';
import { type Match, matchLines } from './match.ts';
import type { Offers } from '../domain/offer.ts';
import { supplyOrderIdOf } from './order-ids.ts';
import {
  type Acting,
  alreadyExists,
  orderDoc,
  type OrdersDeps,
  type ReadOrder,
  toReadOrder,
  writtenInBetween,
} from './order-store.ts';
import { withLines } from './progress.ts';
import { publishStock, reserve } from './reserve.ts';
import { newSupplyOrder, type SupplySource, withMoreLines } from './supply-order.ts';

export interface RouteDeps extends OrdersDeps {
  offers: Offers;
}

/** How often routing starts over because the order was changed meanwhile, before the message is given back. */
const MOST_TRIES = 5;

/**
 * Carries a stored order to the partners that supply it: one supply order a partner, with a wrap of the record key
 * of its own. Lines that nobody supplies stay with the retailer. Whoever runs it and however often, the result is
 * the same: the order is written only in the version that was read, together with its supply orders.
 */
export async function routeOrder(owner: Party, acting: Acting, deps: RouteDeps): Promise<void> {
  const ref = orderDoc(deps.db, owner.companyId, owner.orderId);
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const snapshot = await ref.get();
    if (!snapshot.exists) return;
    const read = toReadOrder(snapshot);
    if (!isDue(read.order)) return;
    try {
      await routeVersion(read, owner, acting, deps);
      return;
    } catch (error) {
      // Another run was faster, or the order was changed meanwhile.
      if (!writtenInBetween(error) && !alreadyExists(error)) throw error;
    }
  }
  throw new AppError('UNAVAILABLE', 'the order keeps changing');
}

function isDue(order: StoredOrder): boolean {
  return order.routing === 'pending' && order.paid && order.erasing === null && order.partner === null;
}

async function routeVersion(read: ReadOrder, owner: Party, acting: Acting, deps: RouteDeps): Promise<void> {
  const { db, keyring, now, log } = deps;
  const supplies = await suppliesOf(db, read.order);
  const demand = {
    ...{ companyId: owner.companyId, currency: read.order.currency, at: read.order.createdAt },
    ...{ lines: read.order.lines, refused: refusedBy(supplies) },
  };
  const matches = await matchLines(demand, deps);
  const lookup = await keyring.lookup();
  const at = timestamp(now);

  const batch = db.batch();
  const placed: Placed[] = [];
  const queued: Queued = [];
  for (const [partnerId, own] of bySupplier(matches)) {
    const source = { order: read.order, owner, partnerId, at };
    const one = await place(batch, source, supplies.get(partnerId), own, lookup, acting, deps);
    placed.push(one);
    queued.push(...(await tellSupplier(batch, one, deps)));
  }
  const routed = withPlaced(read.order, matches, placed);
  const { due: _due, ...fields } = routed;
  batch.update(
    orderDoc(db, owner.companyId, owner.orderId),
    { ...fields, routing: 'done', updatedAt: at, due: FieldValue.delete() },
    { lastUpdateTime: read.version },
  );
  const facts = { supplyOrders: placed.length, lines: routed.lines.length };
  addEntry(batch, { ...about(owner, acting), action: 'order.routed', facts }, deps);
  if (placed.length > 0) {
    const endpoints = await endpointsOf(deps, owner.companyId);
    queued.push(...addEvents(batch, { ...owner, event: 'order.routed' }, endpoints, deps));
  }
  await batch.commit();
  log.orderRouted(owner.orderId, owner.companyId, placed.length);
  await publishStock(
    placed.flatMap(({ asked }) => asked),
    deps,
  );
  await publishDeliveries(queued, deps);
}

/**
 * What a partner was asked for once and does not supply any more, it has given back: it is not asked again. One that
 * has put its order away is done with all of it.
 */
function refusedBy(supplies: Map<string, ReadOrder>): (line: OrderLine, partnerId: string) => boolean {
  return (line, partnerId) => {
    const order = supplies.get(partnerId)?.order;
    return order !== undefined && (order.archived || order.lines.some((each) => each.origin === line.id));
  };
}

/** A supply order as it is written, and the matched lines that it took. */
interface Placed {
  partnerId: string;
  holder: Party;
  supply: StoredOrder;
  lines: Map<string, Match>;
  asked: StockMessage[];
}

/** The supplier's own shop gets the order, or what was added to it, and its endpoints are told. */
async function tellSupplier(
  batch: WriteBatch,
  { holder, supply, lines }: Placed,
  deps: RouteDeps,
): Promise<Queued> {
  const [shop, endpoints] = await Promise.all([
    orderShopOf(deps, holder.companyId),
    endpointsOf(deps, holder.companyId),
  ]);
  const added = supply.lines.filter((line) => lines.has(line.origin ?? '')).map((line) => line.id);
  const order = { ...holder, kind: 'order', lineIds: added } as const;
  return [
    ...(shop === undefined ? [] : [addDelivery(batch, order, shop, deps)]),
    ...addEvents(batch, { ...holder, event: 'order.assigned' }, endpoints, deps),
  ];
}

/** The supply orders that the order has already, by partner. A supplier that was deleted has none left. */
async function suppliesOf(db: Firestore, order: StoredOrder): Promise<Map<string, ReadOrder>> {
  if (order.supplyOrders.length === 0) return new Map();
  const refs = order.supplyOrders.map((supply) => orderDoc(db, supply.companyId, supply.id));
  const snapshots = await db.getAll(...refs);
  return new Map(
    order.supplyOrders.flatMap(({ partner }, place) => {
      const snapshot = snapshots[place];
      return snapshot?.exists === true ? [[partner, toReadOrder(snapshot)]] : [];
    }),
  );
}

/** Adds one partner's supply order, or more lines of it, to the batch. */
async function place(
  batch: WriteBatch,
  source: SupplySource,
  known: ReadOrder | undefined,
  matches: Match[],
  lookup: LookupKey,
  acting: Acting,
  deps: RouteDeps,
): Promise<Placed> {
  const { db, keyring } = deps;
  const { owner, partnerId } = source;
  const companyId = matches[0]?.supply?.supplier.companyId ?? '';
  const holder = { companyId, orderId: supplyOrderIdOf(lookup, owner.orderId, partnerId) };
  const ref = orderDoc(db, holder.companyId, holder.orderId);

  // The wrap comes first: a supply order that is seen can be opened.
  await keyring.share(owner, holder);
  const supply =
    known === undefined
      ? newSupplyOrder(source, holder, matches, lookup)
      : withMoreLines(known.order, holder, matches, lookup, source.at);
  if (known === undefined) batch.create(ref, supply);
  else batch.update(ref, { ...supply }, { lastUpdateTime: known.version });
  const lines = new Map(matches.map((match) => [match.line.id, match]));
  const tracked = supply.lines.filter((line) => line.stock !== null && lines.has(line.origin ?? ''));
  const asked = reserve(batch, holder, tracked, source.at, db);
  const facts = { partnerId, lines: matches.length };
  addEntry(batch, { ...about(holder, acting), action: 'order.supply_received', facts }, deps);
  return { partnerId, holder, supply, lines, asked };
}

function withPlaced(order: StoredOrder, matches: Match[], placed: Placed[]): StoredOrder {
  const titles = new Map(matches.map((match) => [match.line.id, match.title]));
  const lines = order.lines.map((line): OrderLine => {
    const taken = placed.find((each) => each.lines.has(line.id));
    const title = line.title ?? titles.get(line.id) ?? null;
    if (taken === undefined) return { ...line, title };
    const tracked = (taken.lines.get(line.id)?.supply?.available ?? null) !== null;
    return { ...line, title, supplier: taken.partnerId, stock: tracked ? 'asked' : null };
  });
  const others = order.supplyOrders.filter(
    (each) => !placed.some(({ holder }) => holder.orderId === each.id),
  );
  const supplyOrders = [
    ...others,
    ...placed.map(({ holder, partnerId, supply }) => ({
      id: holder.orderId,
      companyId: holder.companyId,
      partner: partnerId,
      state: supply.state,
      ...(supply.billed === true && { billed: true as const }),
    })),
  ];
  const partners = [...new Set(supplyOrders.map((each) => each.partner))];
  return withLines({ ...order, supplyOrders, partners }, lines);
}

function bySupplier(matches: Match[]): Map<string, Match[]> {
  const groups = new Map<string, Match[]>();
  for (const match of matches) {
    if (match.supply === null) continue;
    const { partnerId } = match.supply.supplier;
    groups.set(partnerId, [...(groups.get(partnerId) ?? []), match]);
  }
  return groups;
}

function about(
  { companyId, orderId }: Party,
  acting: Acting,
): Omit<AuditEntry, 'id' | 'at' | 'action' | 'facts'> {
  return { companyId, ...acting, record: { type: 'order', id: orderId }, result: 'done' };
}
