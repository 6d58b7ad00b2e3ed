import type { RouteHandler } from '@hono/zod-openapi';
import { AppError } from '../../domain/errors.ts';
import { toIncoming } from '../../domain/order-data.ts';
import { timestamp } from '../../domain/time.ts';
import { type OrdersDeps, readOrder } from '../../orders/order-store.ts';
import { receiveOrder } from '../../orders/receive.ts';
import { listView } from '../../orders/view.ts';
import type { ApiEnv } from '../app.ts';
import { once } from '../idempotency.ts';
import { requireTaking } from '../require-taking.ts';
import { actingIn, showEntry } from './caller.ts';
import type { createOrderRoute } from './change-routes.ts';

/** `POST /v1/orders`: the same path that a shop's order takes, without a shop. */
export function createOrderHandler(deps: OrdersDeps): RouteHandler<typeof createOrderRoute, ApiEnv> {
  return async (c) => {
    const { companyId } = c.var.caller;
    const input = c.req.valid('json');
    const { made, again } = await once(c, 'POST /v1/orders', deps, async (beside) => {
      await requireTaking(companyId, deps);
      const incoming = toIncoming(input, { cancelled: false, updatedAt: timestamp(deps.now), scrub: [] });
      const source = { companyId, connectionId: null, platform: 'api' };
      const received = await receiveOrder(incoming, source, actingIn(c), deps, beside);
      if (received.outcome === 'erased' || received.outcome === 'removed') throw new AppError('ORDER_ERASED');
      if (received.outcome !== 'stored') {
        throw new AppError('ORDER_EXISTS', undefined, {
          fields: [{ path: 'externalId', message: 'is taken' }],
        });
      }
      return received;
    });
    showEntry(c, made?.entry);
    const orderId = made ? made.orderId : again;
    c.header('Location', `/v1/orders/${orderId}`);
    const { order } = await readOrder(deps.db, companyId, orderId);
    return c.json(listView(orderId, order), 201);
  };
}
