import type { AccountsDeps } from '../../accounts/deps.ts';
import { mailLink } from '../../accounts/mailed-link.ts';
import {
  approveRecovery,
  listRecoveries,
  recoveryView,
  stopRecovery,
} from '../../accounts/recovery-decide.ts';
import { completeRecovery, startRecovery } from '../../accounts/recovery.ts';
import type { Api } from '../app.ts';
import { showEntry } from '../orders/caller.ts';
import { originOf, sessionIn, signedIn } from './caller.ts';
import * as routes from './recovery-routes.ts';

/** Puts the recovery of accounts on its routes. */
export function addRecoveryApi(app: Api, deps: AccountsDeps): void {
  app.openapi(routes.askForRecoveryRoute, async (c) => {
    await mailLink('recovery', c.req.valid('json').email, originOf(c), deps);
    return c.body(null, 202);
  });
  app.openapi(routes.startRecoveryRoute, async (c) => {
    const { memberId, recovery, entry } = await startRecovery(c.req.valid('json').token, originOf(c), deps);
    showEntry(c, entry);
    return c.json(recoveryView(memberId, recovery), 202);
  });
  app.openapi(routes.completeRecoveryRoute, async (c) => {
    return c.json(signedIn(c, await completeRecovery(c.req.valid('json'), originOf(c), deps)), 201);
  });
  app.openapi(routes.listRecoveriesRoute, async (c) => {
    return c.json({ data: await listRecoveries(sessionIn(c), deps), next: null }, 200);
  });
  app.openapi(routes.stopRecoveryRoute, async (c) => {
    const acting = { session: sessionIn(c), requestId: c.var.requestId };
    showEntry(c, await stopRecovery(c.req.valid('param').id, acting, deps));
    return c.body(null, 204);
  });
  app.openapi(routes.approveRecoveryRoute, async (c) => {
    const acting = { session: sessionIn(c), requestId: c.var.requestId };
    showEntry(c, await approveRecovery(c.req.valid('param').id, acting, deps));
    return c.body(null, 204);
  });
}
