import type { RouteHandler } from '@hono/zod-openapi';
import { type FeedRow, partnerCatalogue } from '../../catalogue/partner-catalogue.ts';
import type { CatalogueDeps } from '../../catalogue/write-products.ts';
import type { ApiEnv } from '../app.ts';
import { feedCursor, feedPlace } from './cursors.ts';
import type { partnerCatalogueRoute } from './partner-routes.ts';

/** `GET /v1/partners/{id}/catalogue` */
export function partnerCatalogueHandler(
  deps: CatalogueDeps,
): RouteHandler<typeof partnerCatalogueRoute, ApiEnv> {
  return async (c) => {
    const { companyId } = c.var.caller;
    const { limit, after, stock } = c.req.valid('query');
    const place = { limit, after: feedPlace(after), stock: stock === 'true' };
    const asked = { companyId, partnerId: c.req.valid('param').id, ...place };
    const { rows, next, changes, whole } = await partnerCatalogue(asked, deps);
    const data = rows.map(rowView);
    return c.json({ data, next: next && feedCursor(next), changes: feedCursor(changes), whole }, 200);
  };
}

function rowView({ sku, sold }: FeedRow) {
  if (sold === null) return { sku, removed: true as const };
  const { title, group, options, description, images, barcode, changedAt } = sold.product;
  return {
    ...{ sku, title, group, options, description, images, barcode },
    currency: sold.prices[0]?.currency ?? sold.product.currency,
    prices: sold.prices.map(({ minimumQuantity, unitPrice }) => ({ minimumQuantity, unitPrice })),
    ...(sold.available !== undefined && { available: sold.available }),
    changedAt: changedAt?.toDate().toISOString() ?? null,
  };
}
