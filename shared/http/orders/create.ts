import type { RouteHandler } from '@hono/zod-openapi';
import { StoredCompany } from '../../accounts/documents.ts';
import { paths } from '../../cloud/firestore.ts';
import { AppError } from '../../domain/errors.ts';
import { toIncoming } from '../../domain/order-data.ts';
import { timestamp } from '../../domain/time.ts';
import { type OrdersDeps, readOrder } from '../../orders/order-store.ts';
import { receiveOrder } from '../../orders/receive.ts';
import { listView } from '../../orders/view.ts';
import type { ApiEnv } from '../app.ts';
import { idempotencyOf, idempotencyRecord, replay } from '../idempotency.ts';
import { actingIn, showEntry } from './caller.ts';
import type { createOrderRoute } from './change-routes.ts';

/** `POST /v1/orders`: the same path that a shop's order takes, without a shop. */
export function createOrderHandler(deps: OrdersDeps): RouteHandler<typeof createOrderRoute, ApiEnv> {
  return async (c) => {
    const { companyId } = c.var.caller;
    const input = c.req.valid('json');
    const idempotency = idempotencyOf(
      c.req.header('idempotency-key'),
      c.var.caller,
      'POST /v1/orders',
      c.env.incoming.rawBody ?? Buffer.alloc(0),
      await deps.keyring.lookup(),
    );
    const earlier = idempotency && (await replay(deps.db, idempotency, deps.now));
    const made = earlier?.resource ?? (await make());
    c.header('Location', `/v1/orders/${made}`);
    const { order } = await readOrder(deps.db, companyId, made);
    return c.json(listView(made, order), 201);

    async function make(): Promise<string> {
      await requireTaking(companyId, deps);
      const incoming = toIncoming(input, { cancelled: false, updatedAt: timestamp(deps.now), scrub: [] });
      const received = await receiveOrder(
        incoming,
        { companyId, connectionId: null, platform: 'api' },
        actingIn(c),
        deps,
        idempotency &&
          ((writer, orderId) => {
            const { path, data } = idempotencyRecord(
              idempotency,
              { resource: orderId, status: 201 },
              deps.now,
            );
            writer.create(path, data);
          }),
      );
      if (received.outcome === 'erased' || received.outcome === 'removed') throw new AppError('ORDER_ERASED');
      if (received.outcome !== 'stored') {
        // The same key at the same moment made it: that is this request's order too.
        const same = idempotency && (await replay(deps.db, idempotency, deps.now));
        if (same?.resource === received.orderId) return received.orderId;
        throw new AppError('ORDER_EXISTS', undefined, {
          fields: [{ path: 'externalId', message: 'is taken' }],
        });
      }
      showEntry(c, received.entry);
      return received.orderId;
    }
  };
}

/** `COMPANY_CLOSING` once the company has asked for its deletion. */
async function requireTaking(companyId: string, { db }: Pick<OrdersDeps, 'db'>): Promise<void> {
  const company = await db.doc(paths.company(companyId)).get();
  if (company.exists && StoredCompany.parse(company.data()).closing !== null) {
    throw new AppError('COMPANY_CLOSING');
  }
}
