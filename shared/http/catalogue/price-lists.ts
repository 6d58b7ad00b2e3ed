import type { RouteHandler } from '@hono/zod-openapi';
import { type PriceList, PriceListId } from '../../catalogue/price-list.ts';
import {
  listPriceLists,
  priceListLogId,
  putPriceList,
  readPriceList,
} from '../../catalogue/put-price-list.ts';
import type { CatalogueDeps } from '../../catalogue/write-products.ts';
import type { ApiEnv } from '../app.ts';
import { etagOf } from '../etag.ts';
import { actingIn, showEntry } from '../orders/caller.ts';
import { pageByText, textAfter } from './cursors.ts';
import type * as routes from './price-list-routes.ts';
import { versionCheck } from './products.ts';
import type { PriceListInput } from './schemas.ts';

/** `GET /v1/price-lists` */
export function listPriceListsHandler(
  deps: CatalogueDeps,
): RouteHandler<typeof routes.listPriceListsRoute, ApiEnv> {
  return async (c) => {
    const { companyId } = c.var.caller;
    const { limit, after } = c.req.valid('query');
    const page = { limit: limit + 1, after: textAfter(after, PriceListId) };
    const lists = await listPriceLists(deps.db, companyId, page);
    const show = (list: PriceList) => listView(companyId, list);
    return c.json(
      pageByText(lists, limit, ({ id }) => id, show),
      200,
    );
  };
}

/** `GET /v1/price-lists/{id}` */
export function readPriceListHandler(
  deps: CatalogueDeps,
): RouteHandler<typeof routes.readPriceListRoute, ApiEnv> {
  return async (c) => {
    const { companyId } = c.var.caller;
    const list = await readPriceList(deps.db, companyId, c.req.valid('param').id);
    c.header('ETag', etagFor(list));
    return c.json(listView(companyId, list), 200);
  };
}

/** `PUT /v1/price-lists/{id}` */
export function putPriceListHandler(
  deps: CatalogueDeps,
): RouteHandler<typeof routes.putPriceListRoute, ApiEnv> {
  return async (c) => {
    const { companyId } = c.var.caller;
    const { items, ...settings } = c.req.valid('json');
    const put = { settings, items: items.map(toItem) };
    const check = versionCheck(c.req.header('if-match'));
    const id = c.req.valid('param').id;
    const { list, created, entry } = await putPriceList(companyId, id, put, actingIn(c), deps, check);
    showEntry(c, entry);
    c.header('ETag', etagFor(list));
    return c.json(listView(companyId, list), created ? 201 : 200);
  };
}

function toItem({ sku, remove, ...rule }: PriceListInput['items'][number]) {
  return { sku, rule: remove === true ? null : rule };
}

function listView(companyId: string, { version: _version, ...list }: PriceList) {
  return { ...list, logId: priceListLogId(companyId, list.id) };
}

function etagFor({ version }: PriceList): string {
  const [seconds, nanoseconds] = version.split('.').map(Number);
  return etagOf({ seconds: seconds ?? 0, nanoseconds: nanoseconds ?? 0 });
}
