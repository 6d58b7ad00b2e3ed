import type { RouteHandler } from '@hono/zod-openapi';
import { leafHash } from '../../audit/entry.ts';
import { type ListDeps, listEntries } from '../../audit/list.ts';
import type { ApiEnv } from '../app.ts';
import { pageOf, placeOf } from '../paging.ts';
import type { listAuditRoute } from './route.ts';

/** `GET /v1/audit`: the caller's own company, and no other can be named. */
export function listAudit(deps: ListDeps): RouteHandler<typeof listAuditRoute, ApiEnv> {
  return async (c) => {
    const { limit, after, action, actor, record, from, to } = c.req.valid('query');
    const entries = await listEntries(
      deps,
      c.var.caller.companyId,
      { action, actor, record, from: utc(from), to: utc(to) },
      { limit: limit + 1, after: placeOf('audit', after) },
    );
    const page = pageOf(
      entries,
      limit,
      (entry) => [entry.at, entry.id],
      (entry) => ({ ...entry, leaf: leafHash(entry) }),
    );
    return c.json(page, 200);
  };
}

/** Stored times are UTC with milliseconds and compare as text. */
export function utc(instant: string | undefined): string | undefined {
  return instant === undefined ? undefined : new Date(instant).toISOString();
}
