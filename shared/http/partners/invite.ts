import type { RouteHandler } from '@hono/zod-openapi';
import type { PartnersDeps } from '../../partners/deps.ts';
import { invite } from '../../partners/invite.ts';
import { readPartner } from '../../partners/read.ts';
import type { ApiEnv } from '../app.ts';
import { once } from '../idempotency.ts';
import { showEntry } from '../orders/caller.ts';
import type { invitePartnerRoute } from './routes.ts';

/** `POST /v1/partners` */
export function inviteHandler(deps: PartnersDeps): RouteHandler<typeof invitePartnerRoute, ApiEnv> {
  return async (c) => {
    const { companyId, actor } = c.var.caller;
    const { email, name, role, terms } = c.req.valid('json');
    const acting = { companyId, actor, requestId: c.var.requestId };
    const { made, again } = await once(c, 'POST /v1/partners', deps, (beside) =>
      invite({ contact: { email, name }, role, terms }, acting, deps, beside),
    );
    showEntry(c, made?.entry);
    const partnerId = made ? made.partnerId : again;
    c.header('Location', `/v1/partners/${partnerId}`);
    return c.json((await readPartner(companyId, partnerId, deps)).view, 201);
  };
}
