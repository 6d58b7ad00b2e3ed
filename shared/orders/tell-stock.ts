import { FieldValue } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import { paths } from '../cloud/firestore.ts';
import type { Party } from '../crypto/record-key.ts';
import type { OrderLine, StoredOrder } from '../domain/order.ts';
import type { StoredReservation } from '../domain/stock.ts';
import { timestamp } from '../domain/time.ts';
import { type Acting, orderDoc, type OrdersDeps } from './order-store.ts';

type LineStock = Exclude<OrderLine['stock'], null>;

/**
 * Shows on both sides of a supply order what the stock says of these of its lines, with an entry in both logs, and
 * notes with the reservations that it was told. Who has no such order any more, or is erasing it, is told nothing.
 */
export async function tellStock(
  supply: Party,
  lineIds: string[],
  acting: Acting,
  { db, now }: Pick<OrdersDeps, 'db' | 'now'>,
): Promise<void> {
  const { companyId, orderId } = supply;
  await db.runTransaction(async (tx) => {
    const refs = lineIds.map((id) => db.doc(paths.reservation(companyId, id)));
    const [found, ...reservations] = await tx.getAll(orderDoc(db, companyId, orderId), ...refs);
    const order = found?.data() as StoredOrder | undefined;
    const origin = order?.origin ?? null;
    const owner = origin && orderDoc(db, origin.companyId, origin.orderId);
    const owned = owner && ((await tx.get(owner)).data() as StoredOrder | undefined);

    const at = timestamp(now);
    const states = new Map<string, LineStock>();
    for (const snapshot of reservations) {
      const { next, state } = (snapshot.data() ?? {}) as Partial<StoredReservation>;
      // Told by another run, or changed since: then it is settled first.
      if (next !== 'tell' || state === undefined || state === 'released') continue;
      states.set(snapshot.id, state);
      const done = { next: FieldValue.delete(), due: FieldValue.delete() };
      tx.update(snapshot.ref, { told: state, updatedAt: at, ...done });
    }
    const tell = (where: Party, told: StoredOrder, stockOf: (line: OrderLine) => LineStock | undefined) => {
      if (told.erasing !== null || told.erasedAt !== null) return;
      const lines = told.lines.map((line) => ({ ...line, stock: stockOf(line) ?? line.stock }));
      const said = lines.filter((line, place) => line.stock !== told.lines[place]?.stock);
      if (said.length === 0) return;
      tx.update(orderDoc(db, where.companyId, where.orderId), { lines, updatedAt: at });
      const record = { type: 'order', id: where.orderId } as const;
      for (const [stock, some] of Map.groupBy(said, (line) => line.stock)) {
        const action = stock === 'granted' ? 'order.stock_granted' : 'order.stock_backordered';
        const facts = { lines: some.length };
        addEntry(tx, { ...acting, companyId: where.companyId, action, record, result: 'done', facts }, deps);
      }
    };
    const deps = { db, now };
    if (order === undefined) return;
    tell(supply, order, (line) => states.get(line.id));
    if (origin === null || !owned) return;
    const serving = new Map(order.lines.map((line) => [line.origin, line.id]));
    tell(origin, owned, (line) =>
      line.supplier === order.partner ? states.get(serving.get(line.id) ?? '') : undefined,
    );
  });
}
