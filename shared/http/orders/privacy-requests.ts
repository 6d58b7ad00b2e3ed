import type { RouteHandler } from '@hono/zod-openapi';
import { listPrivacyRequests } from '../../orders/list-privacy-requests.ts';
import type { OrdersDeps } from '../../orders/order-store.ts';
import type { ApiEnv } from '../app.ts';
import { pageOf, placeOf } from '../paging.ts';
import type { listPrivacyRequestsRoute } from './privacy-routes.ts';

/** `GET /v1/privacy-requests` */
export function listPrivacyRequestsHandler(
  deps: OrdersDeps,
): RouteHandler<typeof listPrivacyRequestsRoute, ApiEnv> {
  return async (c) => {
    const { limit, after } = c.req.valid('query');
    const page = { limit: limit + 1, after: placeOf('privacy', after) };
    const found = await listPrivacyRequests(deps.db, c.var.caller.companyId, page);
    return c.json(
      pageOf(
        found,
        limit,
        ({ id, request }) => [request.requestedAt, id],
        ({ id, request: { connectionId, kind, orders, state, waiting, requestedAt, until } }) => ({
          ...{ id, connectionId, kind, orders, state, waiting, requestedAt, until },
        }),
      ),
      200,
    );
  };
}
