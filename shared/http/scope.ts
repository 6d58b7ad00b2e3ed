import type { MiddlewareHandler } from 'hono';
import type { SessionLevel } from '../accounts/documents.ts';
import { API_KEY_SCOPES, type Scope } from '../domain/api-key.ts';
import { AppError } from '../domain/errors.ts';
import type { ApiEnv } from './app.ts';

/** Refuses a caller that lacks the scope, by the scope's name. Runs before anything of the request is looked at. */
export function requireScope(scope: Scope): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const { caller } = c.var;
    if (!caller.scopes.includes(scope)) {
      c.set('needed', scope);
      const { session } = caller;
      if (session !== undefined && session.level !== 'full') throw unfinished(session.level);
      const whose = session === undefined ? 'the API key' : 'the role';
      throw new AppError('FORBIDDEN', `${whose} does not have the scope ${scope}`);
    }
    await next();
  };
}

/** Refuses API keys, and sessions of any other level. */
export function requireSession(...levels: SessionLevel[]): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const { session } = c.var.caller;
    if (session === undefined) throw new AppError('FORBIDDEN', 'this is for members, who sign in');
    if (!levels.includes(session.level)) throw unfinished(session.level);
    await next();
  };
}

/** Spread into `createRoute`: the scope as it is held and as the OpenAPI document tells it. */
export function requires(scope: Scope) {
  const forKeys = (API_KEY_SCOPES as readonly Scope[]).includes(scope);
  return {
    security: [...(forKeys ? [{ apiKey: [scope] }] : []), { session: [scope] }] as Record<string, string[]>[],
    middleware: requireScope(scope),
  };
}

/** Spread into `createRoute`, for what a member does for themselves. Without levels: a whole sign-in. */
export function requiresSession(...levels: SessionLevel[]) {
  return {
    security: [{ session: [] }] as Record<string, string[]>[],
    middleware: requireSession(...(levels.length === 0 ? (['full'] as const) : levels)),
  };
}

/** Spread into `createRoute`, for what anybody may ask. */
export const isPublic: { security: Record<string, string[]>[] } = { security: [] };

function unfinished(level: SessionLevel): AppError {
  const what = {
    needs_factor: 'the sign-in waits for a second factor',
    needs_enrolment: 'the sign-in waits until a second factor is set up',
    full: 'the sign-in is whole already',
  };
  return new AppError('FORBIDDEN', what[level]);
}
