import type { RouteHandler } from '@hono/zod-openapi';
import type { AccountsDeps } from '../../accounts/deps.ts';
import { mailLink } from '../../accounts/mailed-link.ts';
import { changePassword, confirmReset } from '../../accounts/password.ts';
import { listSessions } from '../../accounts/sessions.ts';
import { signIn } from '../../accounts/sign-in.ts';
import { endOwnSession, endOwnSessions } from '../../accounts/sign-out.ts';
import { askForAccount, confirmAccount } from '../../accounts/sign-up.ts';
import { AppError } from '../../domain/errors.ts';
import type { Api, ApiEnv } from '../app.ts';
import { showEntry } from '../orders/caller.ts';
import { originOf, sessionIn, signedIn } from './caller.ts';
import * as routes from './session-routes.ts';

/** Puts signing up, in and out, and passwords on their routes. */
export function addSessionsApi(app: Api, deps: AccountsDeps): void {
  app.openapi(routes.signUpRoute, async (c) => {
    await askForAccount(c.req.valid('json'), originOf(c), deps);
    return c.body(null, 202);
  });
  app.openapi(routes.confirmSignUpRoute, async (c) => {
    const confirmed = await confirmAccount(c.req.valid('json').token, originOf(c), deps);
    return c.json(signedIn(c, confirmed), 201);
  });
  app.openapi(routes.signInRoute, async (c) => {
    return c.json(signedIn(c, await signIn(c.req.valid('json'), originOf(c), deps)), 201);
  });
  app.openapi(routes.listSessionsRoute, listSessionsHandler(deps));
  app.openapi(routes.endSessionsRoute, async (c) => {
    showEntry(c, await endOwnSessions(sessionIn(c), c.var.requestId, deps));
    return c.body(null, 204);
  });
  app.openapi(routes.endSessionRoute, endSessionHandler(deps));
  app.openapi(routes.askForResetRoute, async (c) => {
    await mailLink('reset', c.req.valid('json').email, originOf(c), deps);
    return c.body(null, 202);
  });
  app.openapi(routes.confirmResetRoute, async (c) => {
    showEntry(c, await confirmReset(c.req.valid('json'), originOf(c), deps));
    return c.body(null, 204);
  });
  app.openapi(routes.changePasswordRoute, async (c) => {
    const changed = await changePassword(sessionIn(c), c.req.valid('json'), originOf(c), deps);
    return c.json(signedIn(c, changed), 200);
  });
}

function listSessionsHandler(deps: AccountsDeps): RouteHandler<typeof routes.listSessionsRoute, ApiEnv> {
  return async (c) => {
    const current = sessionIn(c);
    const sessions = await listSessions(current.memberId, deps);
    const data = sessions
      .sort((a, b) => (a.lastUsedAt > b.lastUsedAt ? -1 : 1))
      .map(({ id, hash, level, createdAt, lastUsedAt, absoluteExpiresAt }) => ({
        ...{ id, current: hash === current.hash, level, createdAt, lastUsedAt },
        expiresAt: absoluteExpiresAt,
      }));
    return c.json({ data, next: null }, 200);
  };
}

function endSessionHandler(deps: AccountsDeps): RouteHandler<typeof routes.endSessionRoute, ApiEnv> {
  return async (c) => {
    const current = sessionIn(c);
    const { id } = c.req.valid('param');
    // Whoever knows a password alone ends nobody's sessions.
    if (current.level === 'needs_factor' && id !== current.id) throw new AppError('NOT_FOUND');
    showEntry(c, await endOwnSession(current, id, c.var.requestId, deps));
    return c.body(null, 204);
  };
}
