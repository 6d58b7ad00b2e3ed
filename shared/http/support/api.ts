import type { RouteHandler } from '@hono/zod-openapi';
import type { Firestore } from '@google-cloud/firestore';
import type { Context } from 'hono';
import type { Internal } from '../../cloud/internal.ts';
import { AppError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/time.ts';
import { ask, listOwn, readOwn } from '../../support/ask.ts';
import { endOwn } from '../../support/end.ts';
import { type ReadRequest, requestView, stateOf } from '../../support/request-store.ts';
import type { Api, ApiEnv } from '../app.ts';
import { showEntry } from '../orders/caller.ts';
import { pageOf, placeOf } from '../paging.ts';
import { requireTraining } from '../staff/guard.ts';
import { ASKS, DisclosedAnswer, EndedAnswer, ManagedAnswer } from './protocol.ts';
import * as routes from './routes.ts';

/** What the staff's desk works with: no keyring and no KMS. What is opened comes from `disclose`, encrypted. */
export interface SupportDeps {
  db: Firestore;
  disclose: Internal;
  now: Clock;
}

const PAGE = 50;

/** Puts asking merchants, and what they approved, on their routes. */
export function addSupportApi(app: Api, deps: SupportDeps): void {
  app.openapi(routes.askRoute, askHandler(deps));
  app.openapi(routes.listOwnRoute, listOwnHandler(deps));
  app.openapi(routes.readOwnRoute, async (c) => c.json(requestView(await ownIn(c, deps), deps.now), 200));
  app.openapi(routes.openRoute, openHandler(deps));
  app.openapi(routes.manageRoute, manageHandler(deps));
  app.openapi(routes.endRoute, endHandler(deps));
}

/** `POST /v1/support/requests` */
function askHandler(deps: SupportDeps): RouteHandler<typeof routes.askRoute, ApiEnv> {
  return async (c) => {
    requireTraining(deps.now, c.var.staff);
    const asked = await ask(c.req.valid('json'), askingIn(c), deps);
    showEntry(c, asked.entry);
    return c.json(requestView(asked, deps.now), 201);
  };
}

/** `GET /v1/support/requests` */
function listOwnHandler(deps: SupportDeps): RouteHandler<typeof routes.listOwnRoute, ApiEnv> {
  return async (c) => {
    const { limit, after } = c.req.valid('query');
    const place = placeOf('supportRequest', after);
    const found = await listOwn(c.var.staff.id, { limit: limit + 1, after: place }, deps);
    const page = pageOf(
      found,
      limit,
      ({ id, request }) => [request.createdAt, id],
      (read) => requestView(read, deps.now),
    );
    return c.json(page, 200);
  };
}

/** `POST /v1/support/requests/{id}/open`: what comes back is not for us to read. */
function openHandler(deps: SupportDeps): RouteHandler<typeof routes.openRoute, ApiEnv> {
  return async (c) => {
    const asking = await workingIn(c, deps);
    const wanted = c.req.valid('json');
    const { jwe, auditEntry } =
      'order' in wanted
        ? await deps.disclose.post(ASKS.order, { ...asking, orderId: wanted.order }, DisclosedAnswer)
        : await deps.disclose.post(
            ASKS.list,
            { ...asking, kind: wanted.kind, limit: wanted.limit ?? PAGE, after: wanted.after ?? null },
            DisclosedAnswer,
          );
    c.header('Audit-Entry', auditEntry);
    return c.json({ jwe }, 200);
  };
}

/** `POST /v1/support/requests/{id}/actions` */
function manageHandler(deps: SupportDeps): RouteHandler<typeof routes.manageRoute, ApiEnv> {
  return async (c) => {
    const asking = await workingIn(c, deps);
    const { action, order } = c.req.valid('json');
    const wanted = { ...asking, action, orderId: order };
    const { auditEntry } = await deps.disclose.post(ASKS.action, wanted, ManagedAnswer);
    c.header('Audit-Entry', auditEntry);
    return c.json({ code: 'DONE' as const, order }, 200);
  };
}

/** `POST /v1/support/requests/{id}/end`: the grant first, so that an end which is written down is one. */
function endHandler(deps: SupportDeps): RouteHandler<typeof routes.endRoute, ApiEnv> {
  return async (c) => {
    const read = await ownIn(c, deps);
    const asking = { supportRequestId: read.id, ...askingIn(c) };
    if (read.request.approved !== null) await deps.disclose.post(ASKS.end, asking, EndedAnswer);
    const { staffId, requestId } = asking;
    const ended = await endOwn(read, { actor: { type: 'staff', id: staffId }, requestId }, deps);
    showEntry(c, ended.entry);
    return c.json(requestView(ended, deps.now), 200);
  };
}

function askingIn(c: Context<ApiEnv>) {
  return { staffId: c.var.staff.id, requestId: c.var.requestId };
}

function ownIn(c: Context<ApiEnv>, deps: SupportDeps): Promise<ReadRequest> {
  return readOwn(c.req.param('id') ?? '', c.var.staff.id, deps);
}

/** Whoever works under a request is trained now; whether it is approved, the keyring says and not what is read here. */
async function workingIn(c: Context<ApiEnv>, deps: SupportDeps) {
  requireTraining(deps.now, c.var.staff);
  const read = await ownIn(c, deps);
  if (stateOf(read.request, deps.now) !== 'approved') throw new AppError('NOT_APPROVED');
  return { supportRequestId: read.id, ...askingIn(c) };
}
