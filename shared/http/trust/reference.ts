import type { RouteHandler } from '@hono/zod-openapi';
import type { ApiEnv } from '../app.ts';
import type { OpenApiDocument } from '../openapi.ts';
import { letterPage } from './letter-page.ts';
import { referencePage } from './reference-page.ts';
import { REFERENCE_CSP } from './reference-style.ts';
import type { letterPageRoute, openApiRoute, referenceRoute } from './routes.ts';

const PUBLIC = 'public, max-age=300';

/** `GET /v1/openapi.json`. */
export function getOpenApi(document: OpenApiDocument): RouteHandler<typeof openApiRoute, ApiEnv> {
  return (c) => {
    c.header('Cache-Control', PUBLIC);
    return c.json({ ...document }, 200);
  };
}

/** `GET /docs`. */
export function getReference(document: OpenApiDocument): RouteHandler<typeof referenceRoute, ApiEnv> {
  const page = referencePage(document);
  return async (c) => {
    c.header('Cache-Control', PUBLIC);
    c.header('Content-Security-Policy', REFERENCE_CSP);
    return c.html(await page, 200);
  };
}

/** `GET /app/{page}`. */
export function getLetterPage(document: OpenApiDocument): RouteHandler<typeof letterPageRoute, ApiEnv> {
  return async (c) => {
    const page = letterPage(document, c.req.valid('param').page);
    c.header('Cache-Control', PUBLIC);
    c.header('Content-Security-Policy', REFERENCE_CSP);
    return c.html(await page, 200);
  };
}
