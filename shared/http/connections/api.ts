import type { Context } from 'hono';
import {
  changeConnection,
  listConnections,
  readConnection,
  removeConnection,
  rotateSecret,
} from '../../commerce/change-connection.ts';
import { finishShopify } from '../../commerce/connect-shopify-callback.ts';
import {
  connect,
  type Connected,
  type ConnectDeps,
  type Merchant,
  type NewConnection,
} from '../../commerce/connect.ts';
import { importProducts } from '../../commerce/take-products.ts';
import { webhookAddress } from '../../commerce/shop-webhooks.ts';
import type { StoredConnection } from '../../commerce/stored-connection.ts';
import { AppError } from '../../domain/errors.ts';
import type { Api, ApiEnv } from '../app.ts';
import { once } from '../idempotency.ts';
import { requireTaking } from '../require-taking.ts';
import { showEntry } from '../orders/caller.ts';
import { pageOf, placeOf } from '../paging.ts';
import * as routes from './routes.ts';

/** Puts the connections of shops on their routes. */
export function addConnectionsApi(app: Api, deps: ConnectDeps): void {
  const show = (id: string, stored: StoredConnection) => connectionView(id, stored, deps.baseUrl);

  app.openapi(routes.listConnectionsRoute, async (c) => {
    const { limit, after } = c.req.valid('query');
    const page = { limit: limit + 1, after: placeOf('connection', after) };
    const found = await listConnections(deps.db, c.var.caller.companyId, page);
    return c.json(
      pageOf(
        found,
        limit,
        ({ id, stored }) => [stored.createdAt, id],
        ({ id, stored }) => show(id, stored),
      ),
      200,
    );
  });

  app.openapi(routes.connectRoute, async (c) => {
    const { id, secret = null, authorizeUrl = null } = await connectOnce(c, c.req.valid('json'), deps);
    c.header('Location', `/v1/connections/${id}`);
    const stored = await readConnection(deps.db, c.var.caller.companyId, id);
    return c.json({ ...show(id, stored), secret, authorizeUrl }, 201);
  });

  app.openapi(routes.shopifyCallbackRoute, async (c) => {
    const query = new URL(c.req.url).searchParams;
    const { id, stored, entry } = await finishShopify(query, merchantIn(c), deps);
    showEntry(c, entry);
    return c.json(show(id, stored), 200);
  });

  app.openapi(routes.readConnectionRoute, async (c) => {
    const { id } = c.req.valid('param');
    return c.json(show(id, await readConnection(deps.db, c.var.caller.companyId, id)), 200);
  });

  app.openapi(routes.changeConnectionRoute, async (c) => {
    const { id } = c.req.valid('param');
    const { stored, entry } = await changeConnection(merchantIn(c), id, c.req.valid('json'), deps);
    showEntry(c, entry);
    return c.json(show(id, stored), 200);
  });

  app.openapi(routes.rotateConnectionRoute, async (c) => {
    const { id } = c.req.valid('param');
    const { stored, entry, secret = null } = await rotateSecret(merchantIn(c), id, deps);
    showEntry(c, entry);
    return c.json({ ...show(id, stored), secret, authorizeUrl: null }, 200);
  });

  app.openapi(routes.importProductsRoute, async (c) => {
    if (!c.var.caller.scopes.includes('catalogue:write')) throw new AppError('FORBIDDEN');
    const { id } = c.req.valid('param');
    const { stock: counts } = c.req.valid('json');
    const { stored, entry } = await importProducts(merchantIn(c), id, counts, deps);
    showEntry(c, entry);
    return c.json(show(id, stored), 202);
  });

  app.openapi(routes.removeConnectionRoute, async (c) => {
    showEntry(c, await removeConnection(merchantIn(c), c.req.valid('param').id, deps));
    return c.body(null, 204);
  });
}

function merchantIn(c: Context<ApiEnv>): Merchant {
  const { companyId, actor } = c.var.caller;
  return { companyId, actor, requestId: c.var.requestId };
}

/** A repeat with the same idempotency key is the same connection. Its secret was shown, and is not shown again. */
async function connectOnce(
  c: Context<ApiEnv>,
  asked: NewConnection,
  deps: ConnectDeps,
): Promise<Pick<Connected, 'id' | 'secret' | 'authorizeUrl'>> {
  const { made, again } = await once(c, 'POST /v1/connections', deps, async (beside) => {
    await requireTaking(c.var.caller.companyId, deps);
    return connect(merchantIn(c), asked, deps, beside);
  });
  showEntry(c, made?.entry);
  return made ?? { id: again };
}

function connectionView(id: string, stored: StoredConnection, baseUrl: string) {
  const { platform, name, shop, state, scopes, overlapUntil, health, catalogue, createdAt } = stored;
  const url = webhookAddress(baseUrl, id);
  return {
    id,
    platform,
    name,
    shop,
    state,
    url,
    scopes,
    secretOverlapUntil: overlapUntil,
    health,
    catalogue: catalogue && shownCatalogue(catalogue),
    createdAt,
  };
}

function shownCatalogue({
  state,
  requestedAt,
  finishedAt,
  products,
  refused,
}: NonNullable<StoredConnection['catalogue']>) {
  return { state, requestedAt, finishedAt, products, refused };
}
