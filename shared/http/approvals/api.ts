import type { Context } from 'hono';
import { AppError } from '../../domain/errors.ts';
import {
  approve,
  type DecideDeps,
  type Decided,
  type Deciding,
  deny,
  listRequests,
  type Narrowed,
  revoke,
} from '../../support/decide.ts';
import { requestView } from '../../support/request-store.ts';
import type { Api, ApiEnv } from '../app.ts';
import { showEntry } from '../orders/caller.ts';
import { pageOf, placeOf } from '../paging.ts';
import * as routes from './routes.ts';

/** Puts a merchant's decisions about our support on their routes. */
export function addApprovalsApi(app: Api, deps: DecideDeps): void {
  const decided = (c: Context<ApiEnv>, { entry, ...read }: Decided) => {
    showEntry(c, entry);
    return requestView(read, deps.now);
  };

  app.openapi(routes.listApprovalsRoute, async (c) => {
    const { limit, after } = c.req.valid('query');
    const place = placeOf('supportRequest', after);
    const found = await listRequests(c.var.caller.companyId, { limit: limit + 1, after: place }, deps);
    const page = pageOf(
      found,
      limit,
      ({ id, request }) => [request.createdAt, id],
      (read) => requestView(read, deps.now),
    );
    return c.json(page, 200);
  });
  app.openapi(routes.approveRoute, async (c) => {
    const { digest, reach = {} } = c.req.valid('json');
    const given = Object.entries(reach).filter(([, value]) => value !== undefined);
    const narrowed = Object.fromEntries(given) as Narrowed;
    const { id } = c.req.valid('param');
    return c.json(decided(c, await approve(id, { digest, narrowed }, decidingIn(c), deps)), 200);
  });
  app.openapi(routes.denyRoute, async (c) =>
    c.json(decided(c, await deny(c.req.valid('param').id, decidingIn(c), deps)), 200),
  );
  app.openapi(routes.revokeRoute, async (c) =>
    c.json(decided(c, await revoke(c.req.valid('param').id, decidingIn(c), deps)), 200),
  );
}

/** A person who signed in decides; no API key has the scope. */
function decidingIn(c: Context<ApiEnv>): Deciding {
  const { companyId, actor } = c.var.caller;
  if (actor.type !== 'member') throw new AppError('FORBIDDEN');
  return { companyId, memberId: actor.id, requestId: c.var.requestId };
}
