import type { HttpFunction } from '@google-cloud/functions-framework';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { routePath } from 'hono/route';
import { NotedRefusal, type NoteRefusal, type Refused } from '../audit/refusals.ts';
import type { Log } from '../cloud/log.ts';
import type { Scope } from '../domain/api-key.ts';
import { AppError, badFields } from '../domain/errors.ts';
import { fieldErrors } from '../domain/field-errors.ts';
import { randomId } from '../domain/ids.ts';
import type { StaffCaller } from '../staff/sessions.ts';
import { startAccess } from './access-log.ts';
import { type Authenticator, type Caller, KnownCredential } from './authenticate.ts';
import { requireReadableBody } from './body.ts';
import { createPatience } from './patience.ts';
import { COMMON_HEADERS, problemResponse, toAppError } from './problem.ts';

export interface ApiEnv {
  Bindings: HttpBindings & { incoming: { rawBody?: Buffer } };
  /** `caller` is a merchant's, behind the authenticator; `staff` is one of our own people, at the staff's desk. */
  Variables: { requestId: string; log: Log; caller: Caller; staff: StaffCaller; needed?: Scope };
}

export type Api = OpenAPIHono<ApiEnv>;

export interface ApiOptions {
  log: Log;
  /** Given, every route under `/v1` asks for a credential, the ones that do not exist too. */
  authenticator?: Authenticator;
  /** Told of what a known credential was refused, before that is answered. */
  noteRefusal?: NoteRefusal;
  /** Routes that ask for none all the same: they have no `caller`. Each has a path without parameters. */
  open?: readonly { method: string; path: string }[];
}

/** Milliseconds. Load balancers and clients wait for half a minute and more. */
const PATIENCE = { ms: 20_000, most: 500 };

/**
 * The base of every API: a request id and safe headers on every answer, bodies of one type and of 1 MB at most, and
 * a problem for whatever goes wrong. Routes read `requestId`, `log` and `caller` from the context.
 */
export function createApi(options: ApiOptions): Api {
  const app: Api = new OpenAPIHono<ApiEnv>({
    defaultHook: (result, c) => {
      if (result.success) return;
      // What is not an id names nothing, and is told as such. Only what is put is made under the name it is given.
      if (result.target === 'param' && c.req.method !== 'PUT') throw new AppError('NOT_FOUND');
      throw badFields(...fieldErrors(result.error));
    },
  });

  app.use(async (c, next) => {
    const requestId = randomId('request');
    const tellAccess = startAccess(requestId, c.req.method);
    c.set('requestId', requestId);
    c.set('log', options.log.within({ requestId, trace: c.req.header('x-cloud-trace-context') }));
    await next();
    const { headers } = c.res;
    headers.set('Request-Id', requestId);
    for (const [name, value] of Object.entries(COMMON_HEADERS)) {
      if (!headers.has(name)) headers.set(name, value);
    }
    const route = routePath(c, -1);
    // Only what runs before every route was met: there is none.
    tellAccess(c.var.log, route.endsWith('*') ? '/' : route, c.res.status);
  });
  const patience = createPatience(PATIENCE);
  app.use((_c, next) => patience(next));
  app.use(async (c, next) => {
    requireReadableBody(c.env.incoming);
    await next();
  });
  const { authenticator } = options;
  if (authenticator !== undefined) {
    const open = new Set((options.open ?? []).map(({ method, path }) => `${method.toUpperCase()} ${path}`));
    app.use('/v1/*', async (c, next) => {
      if (open.has(`${c.req.method} ${c.req.path}`)) return next();
      c.set('caller', await authenticator(c.req.header('authorization')));
      return next();
    });
  }

  app.onError(async (thrown, c) => {
    const error = toAppError(fromHono(thrown));
    const refused = refusedOf(error, c);
    try {
      if (refused !== undefined) await options.noteRefusal?.(refused);
    } catch (cause) {
      if (refused !== undefined) c.var.log.refusalNotNoted(refused.companyId, cause);
    }
    if (error.status >= 500) c.var.log.requestFailed(error.status, error);
    return problemResponse(error, c.var.requestId);
  });
  app.notFound((c) => {
    const allowed = methodsOf(app, c.req.path);
    if (allowed.length === 0) return problemResponse(new AppError('NOT_FOUND'), c.var.requestId);
    const response = problemResponse(new AppError('METHOD_NOT_ALLOWED'), c.var.requestId);
    response.headers.set('Allow', allowed.join(', '));
    return response;
  });
  return app;
}

/** An API as functions-framework runs it. */
export function toFunction(app: Api): HttpFunction {
  return getRequestListener((request, env) => app.fetch(request, env), {
    // The process is shared with the Google clients, which bring their own fetch.
    overrideGlobalObjects: false,
    // A Host header or a request target that makes no URL.
    errorHandler: () => problemResponse(new AppError('BAD_REQUEST'), randomId('request')),
  });
}

/** What is to be written into the log of the company whose credential was refused, if it was one. */
function refusedOf(
  error: AppError,
  { var: { caller, needed, requestId } }: Context<ApiEnv>,
): Refused | undefined {
  if (error instanceof NotedRefusal) return error.refused;
  if (error instanceof KnownCredential) return { ...error.who, requestId, code: 'UNAUTHENTICATED' };
  // Routes that ask for no credential have no caller, whatever the type says.
  const known = caller as Caller | undefined;
  if (error.code !== 'FORBIDDEN' || known === undefined) return undefined;
  return { companyId: known.companyId, actor: known.actor, requestId, code: 'FORBIDDEN', scope: needed };
}

/** Hono itself throws for JSON that is none and for a media type that a route does not declare. */
function fromHono(thrown: unknown): unknown {
  if (!(thrown instanceof HTTPException)) return thrown;
  if (thrown.status === 415) return new AppError('UNSUPPORTED_MEDIA_TYPE');
  return thrown.status < 500 ? new AppError('BAD_REQUEST', 'the body is not JSON') : thrown;
}

function methodsOf(app: Api, path: string): string[] {
  const routed = new Set(app.routes.map((route) => route.method));
  routed.delete('ALL');
  const found = [...routed].filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );
  return found.includes('GET') ? [...found, 'HEAD'] : found;
}
