import type { RouteHandler } from '@hono/zod-openapi';
import { z } from 'zod';
import { rootObject } from '../../audit/publish-root.ts';
import type { WriteOnce } from '../../cloud/write-once.ts';
import { AppError } from '../../domain/errors.ts';
import type { ApiEnv } from '../app.ts';
import type { rootRoute } from './routes.ts';

const Published = z.object({
  root: z.string(),
  changed: z.array(z.object({ company: z.string(), head: z.string() })),
});

/** `GET /v1/roots/{n}`: out of the public bucket, as it lies there. */
export function getRoot(deps: { roots: Pick<WriteOnce, 'get'> }): RouteHandler<typeof rootRoute, ApiEnv> {
  return async (c) => {
    const content = await deps.roots.get(rootObject(Number(c.req.valid('param').n)));
    if (content === undefined) throw new AppError('NOT_FOUND');
    c.header('Cache-Control', 'public, max-age=31536000, immutable');
    return c.json(Published.parse(JSON.parse(content.toString('utf8'))), 200);
  };
}
