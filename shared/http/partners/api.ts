import type { Context } from 'hono';
import type { AuditEntry } from '../../audit/entry.ts';
import { acceptInvitation, declineInvitation, showInvitation } from '../../partners/answer-invitation.ts';
import { changePartner } from '../../partners/change.ts';
import type { Target } from '../../partners/connection.ts';
import type { Acting, PartnersDeps } from '../../partners/deps.ts';
import { end, pause, resume } from '../../partners/moves.ts';
import { listPartners, readPartner } from '../../partners/read.ts';
import { acceptTerms, declineTerms } from '../../partners/terms.ts';
import type { Api, ApiEnv } from '../app.ts';
import { checkIfMatch, etagOf } from '../etag.ts';
import { showEntry } from '../orders/caller.ts';
import { pageOf, placeOf } from '../paging.ts';
import { inviteHandler } from './invite.ts';
import * as routes from './routes.ts';

type ApiContext = Context<ApiEnv>;

/** Puts connections between companies on their routes. */
export function addPartnersApi(app: Api, deps: PartnersDeps): void {
  const shown = async (c: ApiContext, id: string, entry: AuditEntry | undefined) => {
    showEntry(c, entry);
    return (await readPartner(c.var.caller.companyId, id, deps)).view;
  };

  app.openapi(routes.listPartnersRoute, async (c) => {
    const { limit, after, ...filter } = c.req.valid('query');
    const page = { limit: limit + 1, after: placeOf('partner', after) };
    const found = await listPartners(c.var.caller.companyId, filter, page, deps);
    return c.json(
      pageOf(
        found,
        limit,
        ({ createdAt, id }) => [createdAt, id],
        (view) => view,
      ),
      200,
    );
  });
  app.openapi(routes.invitePartnerRoute, inviteHandler(deps));
  app.openapi(routes.readPartnerRoute, async (c) => {
    const { view, version } = await readPartner(c.var.caller.companyId, c.req.valid('param').id, deps);
    c.header('ETag', etagOf(version));
    return c.json(view, 200);
  });
  app.openapi(routes.changePartnerRoute, async (c) => {
    const { id } = c.req.valid('param');
    const entry = await changePartner(targetIn(c, id), c.req.valid('json'), actingIn(c), deps);
    return c.json(await shown(c, id, entry), 200);
  });
  app.openapi(routes.readInvitationRoute, async (c) => {
    const invited = { partnerId: c.req.valid('param').id, token: c.req.valid('json').token };
    return c.json(await showInvitation(invited, actingIn(c), deps), 200);
  });
  app.openapi(routes.acceptRoute, async (c) => {
    const { id } = c.req.valid('param');
    const { token, version = 0 } = c.req.valid('json');
    const entry =
      token === undefined
        ? await acceptTerms(targetIn(c, id), version, actingIn(c), deps)
        : await acceptInvitation({ partnerId: id, token }, actingIn(c), deps);
    return c.json(await shown(c, id, entry), 200);
  });
  app.openapi(routes.declineRoute, async (c) => {
    const { id } = c.req.valid('param');
    const { token, version = 0 } = c.req.valid('json');
    const entry =
      token === undefined
        ? await declineTerms(targetIn(c, id), version, actingIn(c), deps)
        : await declineInvitation({ partnerId: id, token }, actingIn(c), deps);
    showEntry(c, entry);
    return c.body(null, 204);
  });
  app.openapi(routes.pauseRoute, async (c) => {
    const { id } = c.req.valid('param');
    return c.json(await shown(c, id, await pause(targetIn(c, id), actingIn(c), deps)), 200);
  });
  app.openapi(routes.resumeRoute, async (c) => {
    const { id } = c.req.valid('param');
    return c.json(await shown(c, id, await resume(targetIn(c, id), actingIn(c), deps)), 200);
  });
  app.openapi(routes.endRoute, async (c) => {
    const { id } = c.req.valid('param');
    return c.json(await shown(c, id, await end(targetIn(c, id), actingIn(c), deps)), 200);
  });
}

function actingIn(c: ApiContext): Acting {
  const { companyId, actor } = c.var.caller;
  return { companyId, actor, requestId: c.var.requestId };
}

/** A connection of the caller's own company, in the version that `If-Match` names. */
function targetIn(c: ApiContext, partnerId: string): Target {
  const named = c.req.header('if-match');
  return {
    companyId: c.var.caller.companyId,
    partnerId,
    checkVersion: (version) => {
      checkIfMatch(named, version);
    },
  };
}
