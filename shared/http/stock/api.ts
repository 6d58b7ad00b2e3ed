import type { RouteHandler } from '@hono/zod-openapi';
import { z } from '@hono/zod-openapi';
import { badFields } from '../../domain/errors.ts';
import { freeOf, onHand, type StoredStock } from '../../domain/stock.ts';
import { listStock, setStock } from '../../stock/set-stock.ts';
import type { Api, ApiEnv } from '../app.ts';
import { actingIn, showEntry } from '../orders/caller.ts';
import { listStockRoute, setStockRoute } from './routes.ts';

type Deps = Parameters<typeof setStock>[3];

/** Puts the stock on its routes. */
export function addStockApi(app: Api, deps: Deps): void {
  app.openapi(listStockRoute, listStockHandler(deps));
  app.openapi(setStockRoute, setStockHandler(deps));
}

/** `GET /v1/stock` */
function listStockHandler(deps: Deps): RouteHandler<typeof listStockRoute, ApiEnv> {
  return async (c) => {
    const { limit, after, sku } = c.req.valid('query');
    const from = after === undefined ? undefined : skuOf(after);
    const rows = await listStock(deps, c.var.caller.companyId, { sku, after: from, limit: limit + 1 });
    const data = rows.slice(0, limit);
    const last = data.at(-1);
    const next = rows.length > limit && last !== undefined ? cursorOf(last.sku) : null;
    return c.json({ data: data.map(view), next }, 200);
  };
}

/** `PUT /v1/stock` */
function setStockHandler(deps: Deps): RouteHandler<typeof setStockRoute, ApiEnv> {
  return async (c) => {
    const { stock } = c.req.valid('json');
    const { stocks, entry } = await setStock(c.var.caller.companyId, stock, actingIn(c), deps);
    showEntry(c, entry);
    return c.json({ data: stocks.map(view), next: null }, 200);
  };
}

function view(stock: StoredStock) {
  const { sku, places, reserved, waiting, updatedAt } = stock;
  const shown = Object.entries(places).map(([place, quantity]) => ({ place, onHand: quantity }));
  return {
    sku,
    places: shown.sort((a, b) => (a.place < b.place ? -1 : 1)),
    onHand: onHand(stock),
    reserved,
    available: freeOf(stock),
    backordered: waiting,
    updatedAt,
  };
}

function cursorOf(sku: string): string {
  return Buffer.from(JSON.stringify([sku])).toString('base64url');
}

/** The SKU that a cursor names; `BAD_REQUEST` at `after` for one that is not of this list. */
function skuOf(cursor: string): string {
  const place = z.tuple([z.string().min(1)]).safeParse(decoded(cursor));
  if (!place.success || cursorOf(place.data[0]) !== cursor) {
    throw badFields({ path: 'after', message: 'not a cursor of this list' });
  }
  return place.data[0];
}

function decoded(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
