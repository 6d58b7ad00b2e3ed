import type { RouteConfig } from '@hono/zod-openapi';
import * as apiKeys from './api-key-routes.ts';
import * as closing from './closing-routes.ts';
import { factorRoutes } from './factor-routes.ts';
import * as members from './member-routes.ts';
import * as recovery from './recovery-routes.ts';
import * as sessions from './session-routes.ts';

/** Every route of accounts as it is declared, without what answers it: for the OpenAPI document. */
export const accountsRoutes: RouteConfig[] = [
  ...Object.values(sessions),
  ...factorRoutes,
  ...Object.values(recovery),
  ...Object.values(members),
  ...Object.values(apiKeys),
  ...Object.values(closing),
];
