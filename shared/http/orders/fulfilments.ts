import type { RouteHandler } from '@hono/zod-openapi';
import { AppError } from '../../domain/errors.ts';
import type { StoredOrder } from '../../domain/order.ts';
import { correctFulfilment, fulfil } from '../../orders/fulfil.ts';
import { type OrdersDeps, readOrder } from '../../orders/order-store.ts';
import { listView } from '../../orders/view.ts';
import type { ApiEnv } from '../app.ts';
import { idempotencyOf, idempotencyRecord, replay } from '../idempotency.ts';
import { actingIn, changed, showEntry, targetIn } from './caller.ts';
import type { correctFulfilmentRoute, fulfilRoute } from './change-routes.ts';

/** `POST /v1/orders/{id}/fulfilments` */
export function fulfilHandler(deps: OrdersDeps): RouteHandler<typeof fulfilRoute, ApiEnv> {
  return async (c) => {
    const { id } = c.req.valid('param');
    const input = c.req.valid('json');
    const target = targetIn(c, id);
    const idempotency = idempotencyOf(
      c.req.header('idempotency-key'),
      c.var.caller,
      `POST /v1/orders/${id}/fulfilments`,
      c.env.incoming.rawBody ?? Buffer.alloc(0),
      await deps.keyring.lookup(),
    );
    const earlier = idempotency && (await replay(deps.db, idempotency, deps.now));
    if (earlier !== undefined) {
      const { order } = await readOrder(deps.db, target.companyId, id);
      return c.json(shipmentView(id, order, earlier.resource), 201);
    }
    const shipment = {
      carrier: input.carrier ?? null,
      trackingNumbers: input.trackingNumbers ?? [],
      trackingUrls: input.trackingUrls ?? [],
      shippedAt: input.shippedAt === undefined ? undefined : new Date(input.shippedAt).toISOString(),
      lines: input.lines,
    };
    const { order, fulfilmentId, entry } = await fulfil(target, shipment, actingIn(c), deps, (tx, made) => {
      if (idempotency === undefined) return;
      const { path, data } = idempotencyRecord(idempotency, { resource: made, status: 201 }, deps.now);
      tx.create(deps.db.doc(path), data);
    });
    showEntry(c, entry);
    return c.json(shipmentView(id, order, fulfilmentId), 201);
  };
}

/** `PATCH /v1/orders/{id}/fulfilments/{fulfilmentId}` */
export function correctFulfilmentHandler(
  deps: OrdersDeps,
): RouteHandler<typeof correctFulfilmentRoute, ApiEnv> {
  return async (c) => {
    const { id, fulfilmentId } = c.req.valid('param');
    const { carrier, trackingNumbers, trackingUrls } = c.req.valid('json');
    const change = {
      ...(carrier !== undefined && { carrier }),
      ...(trackingNumbers !== undefined && { trackingNumbers }),
      ...(trackingUrls !== undefined && { trackingUrls }),
    };
    return changed(c, id, await correctFulfilment(targetIn(c, id), fulfilmentId, change, actingIn(c), deps));
  };
}

function shipmentView(id: string, order: StoredOrder, fulfilmentId: string) {
  const shown = listView(id, order);
  const fulfilment = shown.fulfilments.find((each) => each.id === fulfilmentId);
  if (fulfilment === undefined) throw new AppError('NOT_FOUND');
  return { ...fulfilment, order: shown };
}
