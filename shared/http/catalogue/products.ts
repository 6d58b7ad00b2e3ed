import type { RouteHandler } from '@hono/zod-openapi';
import type { DocumentSnapshot } from '@google-cloud/firestore';
import { listProducts, type ProductFilter } from '../../catalogue/list-products.ts';
import { productLogId, ProductSku } from '../../catalogue/product.ts';
import { type StoredProduct } from '../../catalogue/stored-product.ts';
import { csvHeader, csvLines } from '../../catalogue/write-csv.ts';
import {
  type CatalogueDeps,
  putProducts,
  refOf,
  removeProduct,
  toProduct,
} from '../../catalogue/write-products.ts';
import { AppError } from '../../domain/errors.ts';
import type { ApiEnv } from '../app.ts';
import { checkIfMatch, etagOf } from '../etag.ts';
import { actingIn, showEntry } from '../orders/caller.ts';
import { pageByText, textAfter } from './cursors.ts';
import type * as routes from './product-routes.ts';

/** Products of one read while a file is written. */
const CSV_PAGE = 300;

/** `GET /v1/products`, as a page or as a file. */
export function listProductsHandler(
  deps: CatalogueDeps,
): RouteHandler<typeof routes.listProductsRoute, ApiEnv> {
  return async (c) => {
    const { companyId } = c.var.caller;
    const { limit, after, active, ...rest } = c.req.valid('query');
    const filter = { ...rest, ...(active !== undefined && { active: active === 'true' }) };
    if (wantsCsv(c.req.header('accept'))) {
      const file = await csvFile((after) =>
        listProducts(deps.db, companyId, filter, { limit: CSV_PAGE, after }),
      );
      const headers = {
        'Content-Type': 'text/csv; charset=utf-8',
        'Content-Disposition': 'attachment; filename="products.csv"',
      };
      // The router's types know answers of JSON and of text alone.
      return c.body(file, 200, headers);
    }
    const products = await listProducts(deps.db, companyId, filter satisfies ProductFilter, {
      limit: limit + 1,
      after: textAfter(after, ProductSku),
    });
    const show = (product: StoredProduct) => productView(companyId, product);
    return c.json(
      pageByText(products, limit, ({ sku }) => sku, show),
      200,
    );
  };
}

/** `PUT /v1/products` */
export function putProductsHandler(
  deps: CatalogueDeps,
): RouteHandler<typeof routes.putProductsRoute, ApiEnv> {
  return async (c) => {
    const { products } = c.req.valid('json');
    const writes = products.map(({ sku, ...product }) => ({ sku, product }));
    const { results, entry } = await putProducts(c.var.caller.companyId, writes, actingIn(c), deps);
    showEntry(c, entry);
    const data = writes.map(({ sku }, place) => ({ sku, result: results[place] ?? 'unchanged' }));
    return c.json({ data }, 200);
  };
}

/** `GET /v1/products/{sku}` */
export function readProductHandler(
  deps: CatalogueDeps,
): RouteHandler<typeof routes.readProductRoute, ApiEnv> {
  return async (c) => {
    const { companyId } = c.var.caller;
    const { product, etag } = await readProduct(companyId, c.req.valid('param').sku, deps);
    c.header('ETag', etag);
    return c.json(productView(companyId, product), 200);
  };
}

/** `PUT /v1/products/{sku}` */
export function putProductHandler(deps: CatalogueDeps): RouteHandler<typeof routes.putProductRoute, ApiEnv> {
  return async (c) => {
    const { companyId } = c.var.caller;
    const { sku } = c.req.valid('param');
    const write = { sku, product: c.req.valid('json') };
    const check = versionCheck(c.req.header('if-match'));
    const { results, entry } = await putProducts(companyId, [write], actingIn(c), deps, check);
    showEntry(c, entry);
    const { product, etag } = await readProduct(companyId, sku, deps);
    c.header('ETag', etag);
    return c.json(productView(companyId, product), results[0] === 'created' ? 201 : 200);
  };
}

/** `DELETE /v1/products/{sku}` */
export function deleteProductHandler(
  deps: CatalogueDeps,
): RouteHandler<typeof routes.deleteProductRoute, ApiEnv> {
  return async (c) => {
    const { sku } = c.req.valid('param');
    const check = versionCheck(c.req.header('if-match'));
    showEntry(c, await removeProduct(c.var.caller.companyId, sku, actingIn(c), deps, check));
    return c.body(null, 204);
  };
}

/** Where nothing is, no version is the right one. */
export function versionCheck(ifMatch: string | undefined): (snapshot: DocumentSnapshot) => void {
  return (snapshot) => {
    const { updateTime } = snapshot;
    if (updateTime !== undefined) checkIfMatch(ifMatch, updateTime);
    else if (ifMatch !== undefined) throw new AppError('PRECONDITION_FAILED');
  };
}

async function readProduct(
  companyId: string,
  sku: string,
  { db }: CatalogueDeps,
): Promise<{ product: StoredProduct; etag: string }> {
  const snapshot = await refOf(db, companyId, sku).get();
  const product = toProduct(snapshot);
  if (product === undefined || snapshot.updateTime === undefined) throw new AppError('NOT_FOUND');
  return { product, etag: etagOf(snapshot.updateTime) };
}

function productView(companyId: string, product: StoredProduct) {
  const { rules, lists: _lists, changedAt, askedAt: _askedAt, ...shown } = product;
  return {
    ...shown,
    logId: productLogId(companyId, product.sku),
    priceRules: rules,
    changedAt: changedAt?.toDate().toISOString() ?? null,
  };
}

/** RFC 9110, section 12.5.1, as far as the two types that there are: a file is for who asks for one first. */
function wantsCsv(accept = ''): boolean {
  return accept.split(',')[0]?.split(';')[0]?.trim().toLowerCase() === 'text/csv';
}

/** Reads a page when the one before was taken. The first is read before anything is answered. */
async function csvFile(
  read: (after: string | undefined) => Promise<StoredProduct[]>,
): Promise<ReadableStream<Uint8Array>> {
  const text = new TextEncoder();
  let page: StoredProduct[] = await read(undefined);
  let head = csvHeader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        controller.enqueue(text.encode(head + csvLines(page)));
        head = '';
        if (page.length < CSV_PAGE) controller.close();
        else page = await read(page.at(-1)?.sku);
      },
    },
    { highWaterMark: 0 },
  );
}
