import type { RouteHandler } from '@hono/zod-openapi';
import {
  type StoredErasure,
  readErasure,
  requestArchivedErasure,
  requestErasure,
} from '../../orders/erasure.ts';
import { listErasures } from '../../orders/list-erasures.ts';
import type { OrdersDeps } from '../../orders/order-store.ts';
import type { ApiEnv } from '../app.ts';
import { pageOf, placeOf } from '../paging.ts';
import { actingIn, showEntry, targetIn } from './caller.ts';
import type {
  deleteOrderRoute,
  eraseArchivedRoute,
  listErasuresRoute,
  readErasureRoute,
} from './erase-routes.ts';

/** `DELETE /v1/orders/{id}` */
export function deleteOrderHandler(deps: OrdersDeps): RouteHandler<typeof deleteOrderRoute, ApiEnv> {
  return async (c) => {
    const requested = await requestErasure(targetIn(c, c.req.valid('param').id), actingIn(c), deps);
    showEntry(c, requested.entry);
    return c.json(erasureView(requested.id, requested.erasure), 202);
  };
}

/** `POST /v1/orders/erase-archived` */
export function eraseArchivedHandler(deps: OrdersDeps): RouteHandler<typeof eraseArchivedRoute, ApiEnv> {
  return async (c) => {
    const requested = await requestArchivedErasure(c.var.caller.companyId, actingIn(c), deps);
    if (requested === undefined) return c.body(null, 204);
    showEntry(c, requested.entry);
    return c.json({ ...erasureView(requested.id, requested.erasure), more: requested.more }, 202);
  };
}

/** `GET /v1/erasures` */
export function listErasuresHandler(deps: OrdersDeps): RouteHandler<typeof listErasuresRoute, ApiEnv> {
  return async (c) => {
    const { limit, after } = c.req.valid('query');
    const place = placeOf('erasure', after);
    const erasures = await listErasures(deps.db, c.var.caller.companyId, { limit: limit + 1, after: place });
    const page = pageOf(
      erasures,
      limit,
      ({ id, erasure }) => [erasure.requestedAt, id],
      ({ id, erasure }) => erasureView(id, erasure),
    );
    return c.json(page, 200);
  };
}

/** `GET /v1/erasures/{id}` */
export function readErasureHandler(deps: OrdersDeps): RouteHandler<typeof readErasureRoute, ApiEnv> {
  return async (c) => {
    const { id } = c.req.valid('param');
    return c.json(erasureView(id, await readErasure(deps.db, c.var.caller.companyId, id)), 200);
  };
}

function erasureView(id: string, erasure: StoredErasure) {
  const { state, orders, views, requestedAt, destroyedAt, horizon, certificate } = erasure;
  return { id, state, orders, views, requestedAt, destroyedAt, horizon, certificate };
}
