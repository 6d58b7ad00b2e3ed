import type { RouteHandler } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AccountsDeps } from '../../accounts/deps.ts';
import type { MemberActing } from '../../accounts/own-member.ts';
import {
  finishPasskey,
  finishTotp,
  readFactors,
  removeFactor,
  renewRecoveryCodes,
  startPasskey,
  startTotp,
} from '../../accounts/second-factors.ts';
import { askForPasskey, showFactor, type ShownFactor } from '../../accounts/show-factor.ts';
import { AppError } from '../../domain/errors.ts';
import { listFactors } from '../../factors/stored-factors.ts';
import type { Api, ApiEnv } from '../app.ts';
import { showEntry } from '../orders/caller.ts';
import * as routes from './factor-routes.ts';
import type { PasskeyOptions, ShowFactor } from './factor-schemas.ts';

/** Puts second factors on their routes. */
export function addFactorsApi(app: Api, deps: AccountsDeps): void {
  app.openapi(routes.listFactorsRoute, listFactorsHandler(deps));
  app.openapi(routes.startTotpRoute, startTotpHandler(deps));
  app.openapi(routes.confirmTotpRoute, confirmTotpHandler(deps));
  app.openapi(routes.startPasskeyRoute, startPasskeyHandler(deps));
  app.openapi(routes.addPasskeyRoute, addPasskeyHandler(deps));
  app.openapi(routes.recoveryCodesRoute, recoveryCodesHandler(deps));
  app.openapi(routes.removeFactorRoute, removeFactorHandler(deps));
  app.openapi(routes.askForPasskeyRoute, askForPasskeyHandler(deps));
  app.openapi(routes.showFactorRoute, showFactorHandler(deps));
}

/** `GET /v1/second-factors` */
function listFactorsHandler(deps: AccountsDeps): RouteHandler<typeof routes.listFactorsRoute, ApiEnv> {
  return async (c) => {
    const stored = await readFactors(memberIn(c).session, deps);
    const recoveryCodesLeft = stored.recoveryCodes.length;
    return c.json({ data: listFactors(stored), next: null, recoveryCodesLeft }, 200);
  };
}

/** `POST /v1/second-factors/totp` */
function startTotpHandler(deps: AccountsDeps): RouteHandler<typeof routes.startTotpRoute, ApiEnv> {
  return async (c) => c.json(await startTotp(memberIn(c), deps), 201);
}

/** `POST /v1/second-factors/totp/confirm` */
function confirmTotpHandler(deps: AccountsDeps): RouteHandler<typeof routes.confirmTotpRoute, ApiEnv> {
  return async (c) => {
    const { entry, ...added } = await finishTotp(c.req.valid('json').code, memberIn(c), deps);
    showEntry(c, entry);
    return c.json(added, 201);
  };
}

/** `POST /v1/second-factors/passkeys/options` */
function startPasskeyHandler(deps: AccountsDeps): RouteHandler<typeof routes.startPasskeyRoute, ApiEnv> {
  return async (c) => {
    const options: PasskeyOptions = { ...(await startPasskey(memberIn(c), deps)) };
    return c.json(options, 200);
  };
}

/** `POST /v1/second-factors/passkeys` */
function addPasskeyHandler(deps: AccountsDeps): RouteHandler<typeof routes.addPasskeyRoute, ApiEnv> {
  return async (c) => {
    const { entry, ...added } = await finishPasskey(c.req.valid('json'), memberIn(c), deps);
    showEntry(c, entry);
    return c.json(added, 201);
  };
}

/** `POST /v1/second-factors/recovery-codes` */
function recoveryCodesHandler(deps: AccountsDeps): RouteHandler<typeof routes.recoveryCodesRoute, ApiEnv> {
  return async (c) => {
    const { codes, entry } = await renewRecoveryCodes(memberIn(c), deps);
    showEntry(c, entry);
    return c.json({ recoveryCodes: codes }, 201);
  };
}

/** `DELETE /v1/second-factors/{id}` */
function removeFactorHandler(deps: AccountsDeps): RouteHandler<typeof routes.removeFactorRoute, ApiEnv> {
  return async (c) => {
    showEntry(c, await removeFactor(c.req.valid('param').id, memberIn(c), deps));
    return c.body(null, 204);
  };
}

/** `POST /v1/sessions/factor/options` */
function askForPasskeyHandler(deps: AccountsDeps): RouteHandler<typeof routes.askForPasskeyRoute, ApiEnv> {
  return async (c) => {
    const options: PasskeyOptions = { ...(await askForPasskey(memberIn(c).session, deps)) };
    return c.json(options, 200);
  };
}

/** `POST /v1/sessions/factor` */
function showFactorHandler(deps: AccountsDeps): RouteHandler<typeof routes.showFactorRoute, ApiEnv> {
  return async (c) => {
    const { token, entry } = await showFactor(shownIn(c.req.valid('json')), memberIn(c), deps);
    showEntry(c, entry);
    return c.json({ token, level: 'full' as const }, 201);
  };
}

/** The one that the schema has made sure of. */
function shownIn({ totp, recoveryCode, passkey }: ShowFactor): ShownFactor {
  if (totp !== undefined) return { totp };
  if (recoveryCode !== undefined) return { recoveryCode };
  if (passkey !== undefined) return { passkey };
  throw new AppError('BAD_REQUEST');
}

/** Who acts, for the log: the routes here are for members, whose sessions the routes have asked for. */
function memberIn(c: Context<ApiEnv>): MemberActing {
  const { session } = c.var.caller;
  if (session === undefined) throw new AppError('FORBIDDEN');
  return { session, requestId: c.var.requestId };
}
