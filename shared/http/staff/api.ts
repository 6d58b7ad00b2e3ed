import type { RouteHandler } from '@hono/zod-openapi';
import { requireGoodPassword } from '../../accounts/passwords.ts';
import { randomId } from '../../domain/ids.ts';
import { requestOptions } from '../../factors/passkeys.ts';
import { attest, listStaff } from '../../staff/attest.ts';
import { enrol, enrolmentOptions, type NewFactors } from '../../staff/enrol.ts';
import { endAllSessions } from '../../staff/sessions.ts';
import { passkeyOptions, type SignInDeps, signInByPasskey, signInByPassword } from '../../staff/sign-in.ts';
import type { ReadStaff } from '../../staff/staff-store.ts';
import type { Api, ApiEnv } from '../app.ts';
import * as routes from './routes.ts';
import type { PasskeyOptions } from './schemas.ts';

/** Puts signing in, and the list of staff, on their routes. */
export function addStaffApi(app: Api, deps: SignInDeps): void {
  app.openapi(routes.signInOptionsRoute, signInOptionsHandler(deps));
  app.openapi(routes.signInRoute, signInHandler(deps));
  app.openapi(routes.enrolmentOptionsRoute, enrolmentOptionsHandler(deps));
  app.openapi(routes.enrolRoute, enrolHandler(deps));
  app.openapi(routes.selfRoute, (c) => c.json(selfView(c.var.staff, c.var.staff.session.endsAt), 200));
  app.openapi(routes.signOutRoute, async (c) => {
    await endAllSessions(c.var.staff.id, deps);
    return c.body(null, 204);
  });
  app.openapi(routes.listStaffRoute, listStaffHandler(deps));
  app.openapi(routes.attestRoute, attestHandler(deps));
}

/** `POST /v1/staff/sessions/options` */
function signInOptionsHandler(deps: SignInDeps): RouteHandler<typeof routes.signInOptionsRoute, ApiEnv> {
  return async (c) => {
    const attempt = randomId('session');
    const passkey: PasskeyOptions = { ...(await passkeyOptions(attempt, deps)) };
    return c.json({ attempt, passkey }, 201);
  };
}

/** `POST /v1/staff/sessions` */
function signInHandler(deps: SignInDeps): RouteHandler<typeof routes.signInRoute, ApiEnv> {
  return async (c) => {
    const shown = c.req.valid('json');
    const within = { ...deps, log: c.var.log };
    const signedIn =
      'passkey' in shown
        ? await signInByPasskey(shown.attempt, shown.passkey, within)
        : await signInByPassword(shown, within);
    return c.json({ token: signedIn.token, staff: selfView(signedIn, signedIn.endsAt) }, 201);
  };
}

/** `POST /v1/staff/enrolments/options` */
function enrolmentOptionsHandler(
  deps: SignInDeps,
): RouteHandler<typeof routes.enrolmentOptionsRoute, ApiEnv> {
  return async (c) => {
    const options = await enrolmentOptions(c.req.valid('json'), deps);
    const passkey: PasskeyOptions = { ...options.passkey };
    return c.json({ passkey, app: options.app }, 201);
  };
}

/** `POST /v1/staff/enrolments` */
function enrolHandler(deps: SignInDeps): RouteHandler<typeof routes.enrolRoute, ApiEnv> {
  return async (c) => {
    const shown = c.req.valid('json');
    if ('password' in shown) await requireGoodPassword(shown.password, 'password', [shown.name]);
    const chosen: NewFactors =
      'passkey' in shown
        ? { type: 'passkey', passkey: shown.passkey }
        : { type: 'password', password: shown.password, ...shown.app };
    await enrol(shown, chosen, deps);
    return c.body(null, 204);
  };
}

/** `GET /v1/staff` */
function listStaffHandler(deps: SignInDeps): RouteHandler<typeof routes.listStaffRoute, ApiEnv> {
  return async (c) => {
    const { on, rows, digest } = await listStaff(deps);
    const { role, passkey } = c.var.staff.staff;
    const list = { on, data: rows, digest };
    if (role !== 'reviewer' || passkey === null) return c.json(list, 200);
    const asked = { rp: deps.rp, passkeys: [passkey], challenge: digest };
    const signing: PasskeyOptions = { ...(await requestOptions(asked)) };
    return c.json({ ...list, signing }, 200);
  };
}

/** `POST /v1/staff/attestations` */
function attestHandler(deps: SignInDeps): RouteHandler<typeof routes.attestRoute, ApiEnv> {
  return async (c) => {
    const { digest, passkey } = c.req.valid('json');
    const attested = await attest(c.var.staff, { digest, assertion: passkey }, deps);
    c.var.log.staffAttested(c.var.staff.id, attested.attested.length);
    return c.json(attested, 201);
  };
}

function selfView({ id, staff }: ReadStaff, sessionEndsAt: string) {
  const { name, role, trainedUntil } = staff;
  return { id, name, role, trainedUntil, sessionEndsAt };
}
