import type { Context } from 'hono';
import { type ExportDeps, type Exporting, exportManifest, exportPart } from '../../ownership/export.ts';
import type { Api, ApiEnv } from '../app.ts';
import { showEntry } from '../orders/caller.ts';
import { exportManifestRoute, exportPartRoute } from './routes.ts';

/** Puts the export on its routes. */
export function addExportApi(app: Api, deps: ExportDeps): void {
  app.openapi(exportManifestRoute, async (c) => {
    const { manifest, entry } = await exportManifest(exportingIn(c), deps);
    showEntry(c, entry);
    return c.json({ manifest }, 200);
  });
  app.openapi(exportPartRoute, async (c) => {
    const { body, entry } = await exportPart(exportingIn(c), c.req.valid('param').part, deps);
    showEntry(c, entry);
    // The router's types know answers of JSON and of text alone.
    return c.body(body, 200, { 'Content-Type': 'application/x-ndjson' }) as never;
  });
}

function exportingIn(c: Context<ApiEnv>): Exporting {
  const { companyId, actor } = c.var.caller;
  return { companyId, actor, requestId: c.var.requestId };
}
