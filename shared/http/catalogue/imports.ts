import type { RouteHandler } from '@hono/zod-openapi';
import { listImports, readImport, storeImport, type StoredImport } from '../../catalogue/import-store.ts';
import type { ImportDeps } from '../../catalogue/run-import.ts';
import { badFields } from '../../domain/errors.ts';
import type { ApiEnv } from '../app.ts';
import { knownKeyring, once } from '../idempotency.ts';
import { actingIn, showEntry } from '../orders/caller.ts';
import { pageOf, placeOf } from '../paging.ts';
import type * as routes from './import-routes.ts';

/** `POST /v1/imports`: kept and published; `import` does the rest. */
export function startImportHandler(deps: ImportDeps): RouteHandler<typeof routes.startImportRoute, ApiEnv> {
  return async (c) => {
    const { caller } = c.var;
    const { companyId } = caller;
    const bytes = c.env.incoming.rawBody ?? Buffer.alloc(0);
    if (bytes.length === 0) throw badFields({ path: 'body', message: 'is required' });
    const { onError } = c.req.valid('query');
    const route = `POST /v1/imports?onError=${onError}`;
    const { made, again } = await once(c, route, { ...deps, keyring: knownKeyring }, (beside) =>
      storeImport(companyId, { bytes, onError }, actingIn(c), deps, beside),
    );
    showEntry(c, made?.entry);
    const importId = made ? made.importId : again;
    if (made !== undefined) await publish(companyId, importId, deps);
    c.header('Location', `/v1/imports/${importId}`);
    return c.json(importView(importId, await readImport(deps.db, companyId, importId)), 202);
  };
}

/** `GET /v1/imports` */
export function listImportsHandler(deps: ImportDeps): RouteHandler<typeof routes.listImportsRoute, ApiEnv> {
  return async (c) => {
    const { limit, after } = c.req.valid('query');
    const imports = await listImports(deps.db, c.var.caller.companyId, {
      limit: limit + 1,
      after: placeOf('import', after),
    });
    const page = pageOf(
      imports,
      limit,
      ({ id, stored }) => [stored.createdAt, id],
      ({ id, stored }) => importView(id, stored),
    );
    return c.json(page, 200);
  };
}

/** `GET /v1/imports/{id}` */
export function readImportHandler(deps: ImportDeps): RouteHandler<typeof routes.readImportRoute, ApiEnv> {
  return async (c) => {
    const { id } = c.req.valid('param');
    return c.json(importView(id, await readImport(deps.db, c.var.caller.companyId, id)), 200);
  };
}

/** A message that gets lost is made up for by `sweep`, so nothing fails here. */
async function publish(companyId: string, importId: string, deps: ImportDeps): Promise<void> {
  try {
    await deps.publisher.import({ companyId, importId });
  } catch {
    deps.log.importNotPublished(companyId);
  }
}

function importView(id: string, stored: StoredImport) {
  const { companyId: _companyId, parts: _parts, due: _due, rows, applied, ...shown } = stored;
  const { created, changed, unchanged, superseded, refused } = stored;
  const done =
    created + changed + unchanged + superseded + (applied > 0 || stored.state === 'done' ? refused : 0);
  return { id, ...shown, progress: { rows, done } };
}
