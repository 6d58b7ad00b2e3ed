import type { AuditEntry } from '../../shared/audit/entry.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { openFirestore, paths } from '../../shared/cloud/firestore.ts';
import { createLedger } from '../../shared/cloud/storage.ts';
import { AppError } from '../../shared/domain/errors.ts';
import { orderHash } from '../../shared/orders/erasure.ts';
import { orderIdOf, supplyOrderIdOf } from '../../shared/orders/order-ids.ts';
import type { SealedRecord } from '../../shared/orders/order-store.ts';
import type { Market } from '../support/market.ts';

/** One order on both sides. */
export interface OrderIds {
  orderId: string;
  supplyOrderId: string;
}

/** The ids that an order of the retailer has, or will have. It comes from the Shopify shop unless told otherwise. */
export async function idsOf(
  market: Market,
  externalId: number | string,
  source = market.demo.connections.shopify.id,
): Promise<OrderIds> {
  const lookup = await market.seed.keyring.lookup();
  const orderId = orderIdOf(lookup, source, String(externalId));
  return { orderId, supplyOrderId: supplyOrderIdOf(lookup, orderId, market.demo.partnerId) };
}

/**
 * All that both databases and the ledger hold of one order, on both sides, with what is sealed opened for each. What
 * differs from order to order (ids, times, slots) is replaced by words, so that two orders can be compared.
 */
export async function stateOf(market: Market, ids: OrderIds): Promise<Record<string, unknown>> {
  const { seed, retailer, supplier } = market;
  const config = readConfig(market.cloud.envOf('seed'));
  const owner = { companyId: retailer.companyId, orderId: ids.orderId };
  const holder = { companyId: supplier.companyId, orderId: ids.supplyOrderId };
  const read = async (path: string): Promise<unknown> => (await seed.db.doc(path).get()).data() ?? null;

  const erasures = seed.db.collection(paths.erasures(retailer.companyId));
  const [order, supplyOrder, orderRef, erased, keys, ...audit] = await Promise.all([
    read(paths.order(owner.companyId, owner.orderId)),
    read(paths.order(holder.companyId, holder.orderId)),
    read(paths.orderRef(ids.orderId)),
    erasures.where('orders', 'array-contains', ids.orderId).get(),
    holdersOf(market, ids.orderId),
    ...[owner, holder].map(({ companyId }) => entriesOf(market, companyId, ids)),
  ]);
  const words = wordsFor(ids);
  // The lines and shipments of the two orders say which is the first and which the second.
  words([order, supplyOrder]);
  return words({
    order,
    supplyOrder,
    orderRef,
    opened: {
      retailer: await openedBy(market, owner, owner),
      supplier: await openedBy(market, owner, holder),
    },
    holders: keys,
    erasures: erased.docs.map((doc) => doc.data()),
    inLedger: await countIn(createLedger(config).entries(), orderHash(ids.orderId)),
    audit: audit
      .flat()
      .map((entry) => JSON.stringify(words(entry)))
      .sort(),
  }) as Record<string, unknown>;
}

async function openedBy(market: Market, owner: Party, holder: Party): Promise<unknown> {
  const found = await market.seed.db.doc(paths.sealed(owner.orderId)).get();
  const sealed = found.data() as SealedRecord | undefined;
  try {
    const key = await market.seed.keyring.recordKey(owner, holder);
    if (!sealed?.shipTo || !sealed.details) return 'the key is there, what it opens is not';
    return { shipTo: key.openShipTo(sealed.shipTo), details: key.openDetails(sealed.details) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return sealed === undefined ? error.code : `${error.code}, and the sealed bytes are still there`;
  }
}

interface Party {
  companyId: string;
  orderId: string;
}

async function holdersOf(market: Market, orderId: string): Promise<string[]> {
  const db = openFirestore(readConfig(market.cloud.envOf('seed')), 'keyring');
  try {
    const found = await db.doc(`recordKeys/${orderId}`).get();
    const wraps = (found.data()?.['wraps'] ?? {}) as Record<string, unknown>;
    return Object.keys(wraps).sort((a) => (a === orderId ? -1 : 1));
  } finally {
    await db.terminate();
  }
}

/** What the log says of the order; what it says of its erasure as a whole comes with the erasure. */
async function entriesOf(market: Market, companyId: string, ids: OrderIds): Promise<object[]> {
  const found = await market.seed.db
    .collection(paths.audit(companyId))
    .where('record.id', 'in', [ids.orderId, ids.supplyOrderId])
    .get();
  return found.docs.map((doc) => {
    const { record, action, result, actor, facts } = doc.data() as AuditEntry;
    return { record, action, result, by: actor.type, facts };
  });
}

async function countIn(entries: AsyncIterable<{ recordKeyHash: string }>, hash: string): Promise<number> {
  let count = 0;
  for await (const entry of entries) if (entry.recordKeyHash === hash) count += 1;
  return count;
}

const ID = /^(ord|ln|ful|era|cmp|ptn|con)_[0-9a-z]{26}$/;
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
const RANDOM = new Set(['code', 'externalId', 'confirmDue', 'certificate']);

type Words = (value: unknown, name?: string) => unknown;

/** Gives each id a word of its own, in the order in which they come: the second line is the second line everywhere. */
function wordsFor(ids: OrderIds): Words {
  const known = new Map([
    [ids.orderId, '<order>'],
    [ids.supplyOrderId, '<supply order>'],
  ]);
  const wordOf = (text: string): string => {
    const kind = ID.exec(text)?.[1];
    if (kind === undefined) return text;
    const word = known.get(text) ?? `<${kind} ${known.size}>`;
    known.set(text, word);
    return word;
  };
  return function inWords(value: unknown, name = ''): unknown {
    if (typeof value === 'string') {
      if (RANDOM.has(name) && value !== '') return `<${name}>`;
      return TIME.test(value) ? '<time>' : wordOf(value);
    }
    if (name === 'due' && typeof value === 'number') return '<slot>';
    if (Array.isArray(value)) return value.map((each) => inWords(each));
    if (typeof value !== 'object' || value === null) return value;
    // A database that was exported and imported gives its fields in another order.
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(members.map(([key, member]) => [wordOf(key), inWords(member, key)]));
  };
}
