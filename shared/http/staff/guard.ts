import type { MiddlewareHandler } from 'hono';
import { AppError } from '../../domain/errors.ts';
import { STAFF_RIGHTS, type StaffRight } from '../../domain/staff.ts';
import { checkToken, type SessionDeps } from '../../staff/sessions.ts';
import { isTrained } from '../../staff/staff-store.ts';
import type { Api, ApiEnv } from '../app.ts';

const BEARER = /^Bearer +(\w{1,100})$/i;

/**
 * Every route of the desk asks for a staff session, the ones that do not exist too; `open` are those by which one
 * signs in. A merchant's key or session is none.
 */
export function guardDesk(
  app: Api,
  open: readonly { method: string; path: string }[],
  deps: SessionDeps,
): void {
  const free = new Set(open.map(({ method, path }) => `${method.toUpperCase()} ${path}`));
  app.use('/v1/*', async (c, next) => {
    if (free.has(`${c.req.method} ${c.req.path}`)) return next();
    const token = BEARER.exec(c.req.header('authorization') ?? '')?.[1] ?? '';
    c.set('staff', await checkToken(token, deps));
    return next();
  });
}

function requireRight(right: StaffRight): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (!STAFF_RIGHTS[c.var.staff.staff.role].includes(right)) {
      throw new AppError('FORBIDDEN', `the role does not have the right ${right}`);
    }
    await next();
  };
}

/** Spread into `createRoute`: the right as it is held and as the OpenAPI document tells it. */
export function requiresRight(right: StaffRight) {
  return {
    security: [{ staff: [right] }] as Record<string, string[]>[],
    middleware: requireRight(right),
  };
}

/** Refuses whoever has no current record of training. */
export function requireTraining(now: SessionDeps['now'], staff: ApiEnv['Variables']['staff']): void {
  if (!isTrained(staff.staff, now)) throw new AppError('NOT_TRAINED');
}
