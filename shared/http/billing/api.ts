import type { Context } from 'hono';
import { linkAccount, readAccount, setDunning } from '../../billing/account.ts';
import { askForCard, readCard } from '../../billing/cards.ts';
import type { BillingDeps, StoredCharge } from '../../billing/documents.ts';
import { chargeView, listCharges, readCharge, statementRows } from '../../billing/lists.ts';
import { refund } from '../../billing/refunds.ts';
import { paths } from '../../cloud/firestore.ts';
import { AppError } from '../../domain/errors.ts';
import type { Api, ApiEnv } from '../app.ts';
import { knownKeyring, once } from '../idempotency.ts';
import { actingIn, showEntry } from '../orders/caller.ts';
import { pageOf, placeOf } from '../paging.ts';
import { csvOf } from './csv.ts';
import * as routes from './routes.ts';

type ApiContext = Context<ApiEnv>;

/** Puts billing on its routes. `home` is where people come back to who gave no address of their own. */
export function addBillingApi(app: Api, deps: BillingDeps & { home: string }): void {
  app.openapi(routes.readAccountRoute, async (c) => {
    return c.json(await readAccount(c.var.caller.companyId, actingIn(c), deps), 200);
  });
  app.openapi(routes.linkAccountRoute, async (c) => {
    const { companyId, mode } = c.var.caller;
    const { returnUrl = deps.home } = c.req.valid('json');
    const { entry, ...link } = await linkAccount({ companyId, mode }, returnUrl, actingIn(c), deps);
    showEntry(c, entry);
    return c.json(link, 200);
  });
  app.openapi(routes.changeAccountRoute, async (c) => {
    const { companyId } = c.var.caller;
    const entry = await setDunning(companyId, c.req.valid('json').retryAfterDays, actingIn(c), deps);
    if (entry === undefined) throw new AppError('NOT_FOUND');
    showEntry(c, entry);
    return c.json(await readAccount(companyId, actingIn(c), deps), 200);
  });
  app.openapi(routes.readCardRoute, async (c) => {
    const { companyId } = c.var.caller;
    const { partner } = c.req.valid('query');
    if (!(await deps.db.doc(paths.partner(companyId, partner)).get()).exists) throw new AppError('NOT_FOUND');
    return c.json(await readCard(companyId, partner, deps), 200);
  });
  app.openapi(routes.askForCardRoute, async (c) => {
    const { partner, returnUrl = deps.home } = c.req.valid('json');
    const { companyId } = c.var.caller;
    const { entry, ...link } = await askForCard(companyId, partner, returnUrl, actingIn(c), deps);
    showEntry(c, entry);
    return c.json(link, 200);
  });
  addChargesApi(app, deps);
}

function addChargesApi(app: Api, deps: BillingDeps): void {
  const { db } = deps;
  const find = async (
    c: ApiContext,
    query: { limit: number; after?: string | undefined } & Parameters<typeof listCharges>[2],
  ) => {
    const { limit, after, ...filter } = query;
    const page = { limit: limit + 1, after: placeOf('charge', after) };
    const found = await listCharges(db, c.var.caller.companyId, filter, page);
    return pageOf(
      found,
      limit,
      ({ id, charge }) => [charge.createdAt, id],
      (row) => row,
    );
  };
  app.openapi(routes.listChargesRoute, async (c) => {
    const { companyId } = c.var.caller;
    const { data, next } = await find(c, c.req.valid('query'));
    return c.json({ data: data.map(({ id, charge }) => chargeView(companyId, id, charge)), next }, 200);
  });
  app.openapi(routes.readChargeRoute, async (c) => {
    const { companyId } = c.var.caller;
    const { id } = c.req.valid('param');
    return c.json(chargeView(companyId, id, await readCharge(db, companyId, id)), 200);
  });
  app.openapi(routes.refundRoute, async (c) => {
    const { caller } = c.var;
    const { companyId } = caller;
    const { id } = c.req.valid('param');
    const route = `POST /v1/billing/charges/${id}/refunds`;
    const { made } = await once(c, route, { ...deps, keyring: knownKeyring }, (beside) =>
      refund({ companyId, chargeId: id }, c.req.valid('json'), actingIn(c), deps, beside),
    );
    showEntry(c, made?.entry);
    const charge: StoredCharge = await readCharge(db, companyId, id);
    return c.json(chargeView(companyId, id, charge), 201);
  });
  app.openapi(routes.statementsRoute, async (c) => {
    const { companyId } = c.var.caller;
    const { format, ...query } = c.req.valid('query');
    const { data, next } = await find(c, { ...query, state: 'succeeded' });
    const rows = data.flatMap(({ id, charge }) => statementRows(companyId, id, charge));
    if (format === 'json') return c.json({ data: rows, next }, 200);
    if (next !== null) c.header('Next-Page', next);
    // The router's types know answers of JSON and of text alone.
    return c.body(csvOf(rows), 200, { 'Content-Type': 'text/csv; charset=utf-8' });
  });
}
