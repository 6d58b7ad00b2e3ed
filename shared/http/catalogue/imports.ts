import { createSecretKey } from 'node:crypto';
import type { RouteHandler } from '@hono/zod-openapi';
import { listImports, readImport, storeImport, type StoredImport } from '../../catalogue/import-store.ts';
import type { ImportDeps } from '../../catalogue/run-import.ts';
import { LookupKey } from '../../crypto/lookup.ts';
import { badFields } from '../../domain/errors.ts';
import type { ApiEnv } from '../app.ts';
import { idempotencyOf, idempotencyRecord, replay } from '../idempotency.ts';
import { alreadyExists } from '../../orders/order-store.ts';
import { actingIn, showEntry } from '../orders/caller.ts';
import { pageOf, placeOf } from '../paging.ts';
import type * as routes from './import-routes.ts';

/** Known to everybody: nothing of a shopper is in what it hashes here, and this function has no keyring to ask. */
const HASH = new LookupKey(createSecretKey(Buffer.from('strongroom/catalogue/idempotency/v1')));

/** `POST /v1/imports`: kept and published; `import` does the rest. */
export function startImportHandler(deps: ImportDeps): RouteHandler<typeof routes.startImportRoute, ApiEnv> {
  return async (c) => {
    const { caller } = c.var;
    const { companyId } = caller;
    const bytes = c.env.incoming.rawBody ?? Buffer.alloc(0);
    if (bytes.length === 0) throw badFields({ path: 'body', message: 'is required' });
    const { onError } = c.req.valid('query');
    const route = `POST /v1/imports?onError=${onError}`;
    const idempotency = idempotencyOf(c.req.header('idempotency-key'), caller, route, bytes, HASH);
    const earlier = idempotency && (await replay(deps.db, idempotency, deps.now));
    const importId = earlier?.resource ?? (await make());
    c.header('Location', `/v1/imports/${importId}`);
    return c.json(importView(importId, await readImport(deps.db, companyId, importId)), 202);

    async function make(): Promise<string> {
      const made = await storeImport(companyId, { bytes, onError }, actingIn(c), deps, (writer, resource) => {
        if (idempotency === undefined) return;
        const { path, data } = idempotencyRecord(idempotency, { resource, status: 202 }, deps.now);
        writer.create(deps.db.doc(path), data);
      }).catch(async (error: unknown) => {
        // The same key at the same moment was faster: that is this request's import too.
        const same =
          idempotency && alreadyExists(error) ? await replay(deps.db, idempotency, deps.now) : undefined;
        if (same === undefined) throw error;
        return same.resource;
      });
      if (typeof made === 'string') return made;
      showEntry(c, made.entry);
      await publish(companyId, made.importId, deps);
      return made.importId;
    }
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
