import type { RouteHandler } from '@hono/zod-openapi';
import { type AuditEntry, leafHash } from '../../audit/entry.ts';
import type { AuditFilter } from '../../audit/filter.ts';
import { type ListDeps, listEntries } from '../../audit/list.ts';
import type { ApiEnv } from '../app.ts';
import { jsonLines, sendLines } from './lines.ts';
import { utc } from './list.ts';
import type { exportAuditRoute } from './route.ts';

const PAGE = 300;

/** `GET /v1/audit/export`: the list as one file, page by page as it is read. */
export function exportAudit(deps: ListDeps): RouteHandler<typeof exportAuditRoute, ApiEnv> {
  return (c) => {
    const { format, from, to, ...same } = c.req.valid('query');
    const entries = allEntries(deps, c.var.caller.companyId, { ...same, from: utc(from), to: utc(to) });
    return format === 'csv'
      ? sendLines(c, 'text/csv; charset=utf-8', csvLines(entries))
      : sendLines(c, 'application/x-ndjson', jsonLines(entries));
  };
}

async function* allEntries(
  deps: ListDeps,
  companyId: string,
  filter: AuditFilter,
): AsyncGenerator<AuditEntry & { leaf: string }> {
  let after: [string, string] | undefined;
  for (;;) {
    const page = await listEntries(deps, companyId, filter, { limit: PAGE, after });
    for (const entry of page) yield { ...entry, leaf: leafHash(entry) };
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = [last.at, last.id];
  }
}

const COLUMNS = [
  'id',
  'at',
  'action',
  'result',
  'actorType',
  'actorId',
  'recordType',
  'recordId',
  'requestId',
  'facts',
  'leaf',
];

/** RFC 4180. No value begins with what a spreadsheet takes for a formula: all are ids, times, words and JSON. */
async function* csvLines(entries: AsyncIterable<AuditEntry & { leaf: string }>): AsyncGenerator<string> {
  yield `${COLUMNS.join(',')}\r\n`;
  for await (const { id, at, action, result, actor, record, requestId, facts, leaf } of entries) {
    const facing = JSON.stringify(facts).replaceAll('"', '""');
    const fields = [id, at, action, result, actor.type, actor.id ?? '', record.type, record.id, requestId];
    yield `${[...fields, `"${facing}"`, leaf].join(',')}\r\n`;
  }
}
