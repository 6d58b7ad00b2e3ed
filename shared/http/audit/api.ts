import { bundleLog } from '../../audit/bundle.ts';
import {
  findEntry,
  latestCheckpoint,
  listCheckpoints,
  newestRoot,
  proveEntry,
} from '../../audit/checkpoints.ts';
import { leafHash } from '../../audit/entry.ts';
import type { ListDeps } from '../../audit/list.ts';
import { AppError } from '../../domain/errors.ts';
import type { Api } from '../app.ts';
import { exportAudit } from './export.ts';
import { jsonLines, sendLines } from './lines.ts';
import { listAudit } from './list.ts';
import {
  bundleAuditRoute,
  consistencyRoute,
  exportAuditRoute,
  latestCheckpointRoute,
  listAuditRoute,
  listCheckpointsRoute,
  newestRootRoute,
  proveEntryRoute,
} from './route.ts';

export interface AuditApiDeps extends ListDeps {
  /** The issuer that bundles name. */
  issuer: string;
}

/** Puts the log on its routes: always the caller's own, and no other can be named. */
export function addAuditApi(app: Api, deps: AuditApiDeps): void {
  const { db, issuer } = deps;
  app.openapi(listAuditRoute, listAudit(deps));
  app.openapi(exportAuditRoute, exportAudit(deps));

  app.openapi(bundleAuditRoute, async (c) => {
    const lines = await bundleLog(deps, c.var.caller.companyId, { issuer });
    return sendLines(c, 'application/x-ndjson', jsonLines(lines));
  });

  app.openapi(proveEntryRoute, async (c) => {
    const { companyId } = c.var.caller;
    const found = await findEntry(deps, companyId, c.req.valid('param').id);
    if (found === undefined) throw new AppError('NOT_FOUND');
    const proof = await proveEntry(db, companyId, found);
    return c.json({ ...proof, entry: { ...proof.entry, leaf: leafHash(proof.entry) } }, 200);
  });

  app.openapi(listCheckpointsRoute, async (c) => {
    const { limit, after } = c.req.valid('query');
    const place = after === undefined ? undefined : Number(after);
    const found = await listCheckpoints(db, c.var.caller.companyId, { limit: limit + 1, after: place });
    const data = found.slice(0, limit);
    const last = data.at(-1);
    return c.json({ data, next: found.length > limit && last ? String(last.n) : null }, 200);
  });

  app.openapi(latestCheckpointRoute, async (c) => {
    const { checkpoint } = await latestCheckpoint(db, c.var.caller.companyId);
    return c.json(checkpoint, 200);
  });

  app.openapi(consistencyRoute, async (c) => {
    const since = Number(c.req.valid('param').n);
    const { checkpoint, log, history } = await latestCheckpoint(db, c.var.caller.companyId, since);
    if (log === null) throw new AppError('INTERNAL');
    return c.json({ checkpoint, log, history }, 200);
  });

  app.openapi(newestRootRoute, async (c) => c.json(await newestRoot(db), 200));
}
