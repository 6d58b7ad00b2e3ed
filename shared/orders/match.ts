import type { Firestore } from '@google-cloud/firestore';
import type { Offer, Offers } from '../domain/offer.ts';
import { Amount, type OrderLine } from '../domain/order.ts';
import type { RoutingCriterion } from '../domain/routing.ts';
import { ownTitles } from './own-titles.ts';
import { left } from './progress.ts';
import { activeSuppliers, routingOrderOf, stockOf, type Supplier, supplierOf } from './suppliers.ts';

/** What of a line decides who supplies it. */
type Matchable = Pick<
  OrderLine,
  'sku' | 'supplier' | 'quantity' | 'fulfilledQuantity' | 'cancelledQuantity' | 'addedAt'
> & { title?: string | null };

/** A partner that can supply a line, and for how much. */
export interface Supply {
  supplier: Supplier;
  offer: Offer;
  /** For how many pieces of the SKU the offer is, those of other lines that were ordered with it too. */
  pieces: number;
  /** What it has of the SKU that is promised to nobody, nor to a line before; `null`: it does not count. */
  available: number | null;
}

/** A line, and who supplies it: `null`: it stays with the retailer. `title`: as a catalogue has it. */
export interface Match<Line = OrderLine> {
  line: Line;
  supply: Supply | null;
  title: string | null;
}

/** Whose lines are matched, in which money, and when the order was placed (RFC 3339 UTC). */
export interface Demand<Line> {
  companyId: string;
  currency: string;
  at: string;
  lines: Line[];
  /** Whether a partner is not to be asked for a line, since it has given it back. */
  refused?: (line: Line, partnerId: string) => boolean;
}

/**
 * Finds for each line the partner that the retailer prefers, of those that sell its SKU in the order's currency: by
 * its own order of preference, price and stock, then by the age of the connection. Partners that come later are asked
 * only for what the ones before them do not have.
 */
export async function matchLines<Line extends Matchable>(
  demand: Demand<Line>,
  { db, offers }: { db: Firestore; offers: Offers },
): Promise<Match<Line>[]> {
  let open = demand.lines.filter((line) => line.supplier === null && left(line) > 0);
  if (open.length === 0) return [];
  const suppliers = (await activeSuppliers(db, demand.companyId).get()).docs.flatMap(supplierOf);
  // Where there is no choice, nobody needs to know how to choose.
  const criteria = suppliers.length > 1 ? await routingOrderOf(db, demand.companyId) : [];
  const matches: Match<Line>[] = [];
  for (const equals of ranks(suppliers, criteria)) {
    if (open.length === 0) break;
    const chosen = await choose(equals, { ...demand, lines: open }, criteria, { db, offers });
    for (const [line, supply] of chosen) matches.push({ line, supply, title: supply.offer.title });
    open = open.filter((line) => !chosen.has(line));
  }
  const untitled = open.filter((line) => (line.title ?? null) === null);
  const own = await ownTitles(
    db,
    demand.companyId,
    untitled.map((line) => line.sku),
  );
  return [...matches, ...open.map((line) => ({ line, supply: null, title: own.get(line.sku) ?? null }))];
}

/** Partners that have to be compared with one another, the preferred ones first. */
function ranks(suppliers: Supplier[], [first]: readonly RoutingCriterion[]): Supplier[][] {
  if (first !== 'preference') return [suppliers];
  const byPreference = Map.groupBy(suppliers, ({ preference }) => preference);
  return [...byPreference].sort(([a], [b]) => a - b).map(([, equals]) => equals);
}

/**
 * Chooses among equals for each line. A price can depend on how many pieces of a SKU are bought together: where lines of
 * one SKU go to several partners, each is asked for the price of what it gets; one that does not sell that few gets all of
 * them, or none.
 */
async function choose<Line extends Matchable>(
  equals: Supplier[],
  demand: Demand<Line>,
  criteria: readonly RoutingCriterion[],
  deps: { db: Firestore; offers: Offers },
): Promise<Map<Line, Supply>> {
  const { lines } = demand;
  const supplies = await Promise.all(equals.map((supplier) => suppliesOf(supplier, demand, deps)));
  const together = new Set<string>();
  for (;;) {
    const chosen = chooseInTurn(lines, supplies, criteria, together);
    const priced = await pricedAsChosen(chosen, demand, deps);
    const lost = [...chosen.keys()].filter((line) => !priced.has(line) && !together.has(line.sku));
    if (lost.length === 0) return priced;
    for (const { sku } of lost) together.add(sku);
  }
}

/** The same, each offer for as many pieces as its partner was chosen for; without those that it does not sell. */
async function pricedAsChosen<Line extends Matchable>(
  chosen: Map<Line, Supply>,
  demand: Demand<Line>,
  deps: { db: Firestore; offers: Offers },
): Promise<Map<Line, Supply>> {
  const priced = new Map(chosen);
  const bySupplier = Map.groupBy(chosen, ([, { supplier }]) => supplier);
  for (const [supplier, all] of bySupplier) {
    const pieces = piecesOf(all.map(([line]) => line));
    const fewer = all.filter(([line, supply]) => pieces.get(lotOf(line)) !== supply.pieces);
    const again = await offersTo(supplier, { ...demand, lines: fewer.map(([line]) => line) }, deps.offers);
    for (const [line, supply] of fewer) {
      const offer = again.get(line);
      if (offer === undefined) priced.delete(line);
      else priced.set(line, { ...supply, offer, pieces: pieces.get(lotOf(line)) ?? 0 });
    }
  }
  return priced;
}

function piecesOf(lines: Matchable[]): Map<string, number> {
  const pieces = new Map<string, number>();
  for (const line of lines) pieces.set(lotOf(line), (pieces.get(lotOf(line)) ?? 0) + left(line));
  return pieces;
}

/** What is bought together: pieces of one SKU that were ordered at one time. */
function lotOf({ sku, addedAt }: Matchable): string {
  return JSON.stringify([sku, addedAt ?? null]);
}

/** What one partner can supply of the lines. */
async function suppliesOf<Line extends Matchable>(
  supplier: Supplier,
  demand: Demand<Line>,
  { db, offers }: { db: Firestore; offers: Offers },
): Promise<Map<Line, Supply>> {
  const asked = demand.lines.filter((line) => demand.refused?.(line, supplier.partnerId) !== true);
  const offered = [...(await offersTo(supplier, { ...demand, lines: asked }, offers))];
  const skus = new Set(offered.map(([line]) => line.sku));
  const stock = await stockOf(db, supplier.companyId, [...skus]);
  const pieces = piecesOf(asked);
  return new Map(
    offered.map(([line, offer]) => {
      const available = stock.get(line.sku) ?? null;
      return [line, { supplier, offer, pieces: pieces.get(lotOf(line)) ?? 0, available }];
    }),
  );
}

/** For how much one partner sells the lines, bought together; without those that it does not sell. */
async function offersTo<Line extends Matchable>(
  { companyId: supplierCompanyId, priceListId }: Supplier,
  { currency, at, lines }: Demand<Line>,
  offers: Offers,
): Promise<Map<Line, Offer>> {
  const offered = new Map<Line, Offer>();
  // What was added later costs what it costs by then.
  for (const [placed, some] of Map.groupBy(lines, (line) => line.addedAt ?? at)) {
    const wanted = some.map((line) => ({ sku: line.sku, quantity: left(line) }));
    const found = await offers.offersOf({ supplierCompanyId, priceListId, currency, at: placed }, wanted);
    for (const line of some) {
      const offer = found.get(line.sku);
      // Nobody pays more than the largest amount for one line, and sums of such lines are exact.
      if (offer === undefined || !Amount.safeParse(offer.unitPrice * left(line)).success) continue;
      offered.set(line, offer);
    }
  }
  return offered;
}

/** Line by line: several of one SKU do not each find the same pieces. Those `together` follow the first of their SKU. */
function chooseInTurn<Line extends Matchable>(
  lines: Line[],
  supplies: Map<Line, Supply>[],
  criteria: readonly RoutingCriterion[],
  together: ReadonlySet<string>,
): Map<Line, Supply> {
  const leaders = new Map<string, Supplier>();
  const taken = new Map<string, number>();
  const chosen = new Map<Line, Supply>();
  for (const line of lines) {
    const keyOf = ({ supplier }: Supply): string => JSON.stringify([supplier.partnerId, line.sku]);
    const found = supplies
      .map((each) => each.get(line))
      .filter((supply) => supply !== undefined)
      .map((supply): Supply => {
        const { available } = supply;
        const rest = available === null ? null : available - (taken.get(keyOf(supply)) ?? 0);
        return { ...supply, available: rest };
      });
    const leader = together.has(line.sku) ? leaders.get(line.sku) : undefined;
    const of = leader === undefined ? found : found.filter(({ supplier }) => supplier === leader);
    const supply = best(line, of, criteria);
    if (supply === undefined) continue;
    leaders.set(line.sku, supply.supplier);
    chosen.set(line, supply);
    // A line that is short waits, and takes nothing.
    const short = supply.available !== null && supply.available < left(line);
    if (!short) taken.set(keyOf(supply), (taken.get(keyOf(supply)) ?? 0) + left(line));
  }
  return chosen;
}

/** The first of the equals, which are in the order of age, that no other one beats. */
function best(line: Matchable, found: Supply[], criteria: readonly RoutingCriterion[]): Supply | undefined {
  const rank: Record<RoutingCriterion, (supply: Supply) => number> = {
    preference: ({ supplier }) => supplier.preference,
    price: ({ offer }) => offer.unitPrice,
    stock: (supply) => (isShort(supply, left(line)) ? 1 : 0),
  };
  const compare = (a: Supply, b: Supply): number =>
    criteria.map((by) => rank[by](a) - rank[by](b)).find((difference) => difference !== 0) ?? 0;
  return found.sort(compare)[0];
}

/** Whether a partner is known to have less than that: what it does not count or show is taken to be enough. */
export function isShort({ supplier, available }: Supply, quantity: number): boolean {
  return supplier.showsStock && available !== null && available < quantity;
}
