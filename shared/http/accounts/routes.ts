import type { RouteConfig } from '@hono/zod-openapi';

/** Every route of accounts as it is declared, without what answers it: for the OpenAPI document. */
export const accountsRoutes: RouteConfig[] = [];
