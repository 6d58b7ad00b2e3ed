import type { MiddlewareHandler } from 'hono';
import type { Scope } from '../domain/api-key.ts';
import { AppError } from '../domain/errors.ts';
import type { ApiEnv } from './app.ts';

/** Refuses a key that lacks the scope, by the scope's name. Runs before anything of the request is looked at. */
export function requireScope(scope: Scope): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (!c.var.caller.scopes.includes(scope)) {
      throw new AppError('FORBIDDEN', `the API key does not have the scope ${scope}`);
    }
    await next();
  };
}

/** Spread into `createRoute`: the scope as it is held and as the OpenAPI document tells it. */
export function requires(scope: Scope) {
  return { security: [{ apiKey: [scope] }], middleware: requireScope(scope) };
}
