import type { RouteHandler } from '@hono/zod-openapi';
import { timestamp } from '../../domain/time.ts';
import { readBills } from '../../orders/bills.ts';
import { listOrders, sortField } from '../../orders/list.ts';
import type { Offers } from '../../domain/offer.ts';
import { openOrder } from '../../orders/open.ts';
import { type OrdersDeps, readOrder } from '../../orders/order-store.ts';
import { previewLines } from '../../orders/preview.ts';
import { listView, singleView } from '../../orders/view.ts';
import type { ApiEnv } from '../app.ts';
import { etagOf } from '../etag.ts';
import { pageOf, placeOf } from '../paging.ts';
import { actingIn, showEntry } from './caller.ts';
import type { listOrdersRoute, previewOrderRoute, readOrderRoute } from './read-routes.ts';

/** `GET /v1/orders` */
export function listOrdersHandler(deps: OrdersDeps): RouteHandler<typeof listOrdersRoute, ApiEnv> {
  return async (c) => {
    const { limit, after, archived, updatedAfter, ...filter } = c.req.valid('query');
    const wanted = {
      ...filter,
      ...(archived !== undefined && { archived: archived === 'true' }),
      ...(updatedAfter !== undefined && { updatedAfter: new Date(updatedAfter).toISOString() }),
    };
    const orders = await listOrders(deps.db, c.var.caller.companyId, wanted, {
      limit: limit + 1,
      after: placeOf('order', after),
    });
    const bills = await readBills(
      deps.db,
      orders.map(({ order }) => order),
    );
    const field = sortField(wanted);
    const page = pageOf(
      orders,
      limit,
      ({ id, order }) => [order[field], id],
      ({ id, order }) => listView(id, order, bills),
    );
    return c.json(page, 200);
  };
}

/** `GET /v1/orders/{id}`: logged, then opened, then shown. */
export function readOrderHandler(deps: OrdersDeps): RouteHandler<typeof readOrderRoute, ApiEnv> {
  return async (c) => {
    const { companyId } = c.var.caller;
    const read = await readOrder(deps.db, companyId, c.req.valid('param').id);
    const opened = await openOrder(companyId, read, actingIn(c), deps);
    const bills = await readBills(deps.db, [read.order]);
    showEntry(c, opened.entry);
    c.header('ETag', etagOf(read.version));
    return c.json(singleView(read.id, read.order, opened, bills), 200);
  };
}

/** `POST /v1/orders/preview` */
export function previewOrderHandler(
  deps: OrdersDeps & { offers: Offers },
): RouteHandler<typeof previewOrderRoute, ApiEnv> {
  return async (c) => {
    const { currency, lines } = c.req.valid('json');
    const { companyId } = c.var.caller;
    return c.json(await previewLines({ companyId, currency, at: timestamp(deps.now), lines }, deps), 200);
  };
}
