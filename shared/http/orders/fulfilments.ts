import type { RouteHandler, z } from '@hono/zod-openapi';
import { AppError } from '../../domain/errors.ts';
import type { StoredOrder } from '../../domain/order.ts';
import { correctFulfilment, fulfil, type Shipment } from '../../orders/fulfil.ts';
import { type OrdersDeps, readOrder } from '../../orders/order-store.ts';
import { listView } from '../../orders/view.ts';
import type { ApiEnv } from '../app.ts';
import { once } from '../idempotency.ts';
import { actingIn, changed, showEntry, targetIn } from './caller.ts';
import type { correctFulfilmentRoute, fulfilRoute } from './change-routes.ts';
import type { ShipmentInput } from './requests.ts';

/** `POST /v1/orders/{id}/fulfilments` */
export function fulfilHandler(deps: OrdersDeps): RouteHandler<typeof fulfilRoute, ApiEnv> {
  return async (c) => {
    const { id } = c.req.valid('param');
    const input = c.req.valid('json');
    const target = targetIn(c, id);
    const route = `POST /v1/orders/${id}/fulfilments`;
    const { made, again } = await once(c, route, deps, (beside) =>
      fulfil(target, shipmentOf(input), actingIn(c), deps, beside),
    );
    showEntry(c, made?.entry);
    const { order, fulfilmentId } = made ?? {
      ...(await readOrder(deps.db, target.companyId, id)),
      fulfilmentId: again,
    };
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

function shipmentOf(input: z.output<typeof ShipmentInput>): Shipment {
  return {
    carrier: input.carrier ?? null,
    trackingNumbers: input.trackingNumbers ?? [],
    trackingUrls: input.trackingUrls ?? [],
    shippedAt: input.shippedAt === undefined ? undefined : new Date(input.shippedAt).toISOString(),
    lines: input.lines,
  };
}

function shipmentView(id: string, order: StoredOrder, fulfilmentId: string) {
  const shown = listView(id, order);
  const fulfilment = shown.fulfilments.find((each) => each.id === fulfilmentId);
  if (fulfilment === undefined) throw new AppError('NOT_FOUND');
  return { ...fulfilment, order: shown };
}
