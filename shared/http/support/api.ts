import type { RouteHandler } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Internal } from '../../cloud/internal.ts';
import { requirePoint } from '../../crypto/jwe.ts';
import type { RecordKind } from '../../domain/support.ts';
import type { Clock } from '../../domain/time.ts';
import type { Api, ApiEnv } from '../app.ts';
import { placeOf } from '../paging.ts';
import { requireTraining } from '../staff/guard.ts';
import { ASKS, ChangedAnswer, DisclosedAnswer, ManagedAnswer, OwnAnswer, ReadAnswer } from './protocol.ts';
import * as routes from './routes.ts';

/** What the staff's desk works with: no database of merchants, no keyring and no KMS. All of it is asked of `disclose`. */
export interface SupportDeps {
  disclose: Internal;
  now: Clock;
}

const PAGE = 50;
/** What the ids are of in the cursors of a kind. */
const LISTED = { orders: 'order', audit: 'audit' } as const satisfies Record<RecordKind, string>;

/** Puts asking merchants, and what they approved, on their routes. */
export function addSupportApi(app: Api, deps: SupportDeps): void {
  app.openapi(routes.askRoute, askHandler(deps));
  app.openapi(routes.listOwnRoute, listOwnHandler(deps));
  app.openapi(routes.readOwnRoute, async (c) =>
    c.json(await deps.disclose.post(ASKS.read, askingIn(c), ReadAnswer), 200),
  );
  app.openapi(routes.openRoute, openHandler(deps));
  app.openapi(routes.manageRoute, manageHandler(deps));
  app.openapi(routes.endRoute, endHandler(deps));
}

/** `POST /v1/support/requests` */
function askHandler(deps: SupportDeps): RouteHandler<typeof routes.askRoute, ApiEnv> {
  return async (c) => {
    requireTraining(deps.now, c.var.staff);
    const question = c.req.valid('json');
    // Only the code of a refusal comes back from inside, so what names a field is looked at here.
    requirePoint(question.publicKey);
    const asked = { ...staffIn(c), question };
    const { request, auditEntry } = await deps.disclose.post(ASKS.ask, asked, ChangedAnswer);
    c.header('Audit-Entry', auditEntry);
    return c.json(request, 201);
  };
}

/** `GET /v1/support/requests` */
function listOwnHandler(deps: SupportDeps): RouteHandler<typeof routes.listOwnRoute, ApiEnv> {
  return async (c) => {
    const { limit, after } = c.req.valid('query');
    placeOf('supportRequest', after);
    const asked = { ...staffIn(c), limit, after: after ?? null };
    return c.json(await deps.disclose.post(ASKS.own, asked, OwnAnswer), 200);
  };
}

/** `POST /v1/support/requests/{id}/open`: what comes back is not for us to read. */
function openHandler(deps: SupportDeps): RouteHandler<typeof routes.openRoute, ApiEnv> {
  return async (c) => {
    requireTraining(deps.now, c.var.staff);
    const wanted = c.req.valid('json');
    // Before the merchant's log says that a page was shown.
    if ('kind' in wanted) placeOf(LISTED[wanted.kind], wanted.after);
    const { jwe, auditEntry } =
      'order' in wanted
        ? await deps.disclose.post(ASKS.order, { ...askingIn(c), orderId: wanted.order }, DisclosedAnswer)
        : await deps.disclose.post(
            ASKS.list,
            { ...askingIn(c), kind: wanted.kind, limit: wanted.limit ?? PAGE, after: wanted.after ?? null },
            DisclosedAnswer,
          );
    c.header('Audit-Entry', auditEntry);
    return c.json({ jwe }, 200);
  };
}

/** `POST /v1/support/requests/{id}/actions` */
function manageHandler(deps: SupportDeps): RouteHandler<typeof routes.manageRoute, ApiEnv> {
  return async (c) => {
    requireTraining(deps.now, c.var.staff);
    const { action, order } = c.req.valid('json');
    const wanted = { ...askingIn(c), action, orderId: order };
    const { auditEntry } = await deps.disclose.post(ASKS.action, wanted, ManagedAnswer);
    c.header('Audit-Entry', auditEntry);
    return c.json({ code: 'DONE' as const, order }, 200);
  };
}

/** `POST /v1/support/requests/{id}/end` */
function endHandler(deps: SupportDeps): RouteHandler<typeof routes.endRoute, ApiEnv> {
  return async (c) => {
    const { request, auditEntry } = await deps.disclose.post(ASKS.end, askingIn(c), ChangedAnswer);
    c.header('Audit-Entry', auditEntry);
    return c.json(request, 200);
  };
}

function staffIn(c: Context<ApiEnv>) {
  return { staffId: c.var.staff.id, requestId: c.var.requestId };
}

function askingIn(c: Context<ApiEnv>) {
  return { supportRequestId: c.req.param('id') ?? '', ...staffIn(c) };
}
