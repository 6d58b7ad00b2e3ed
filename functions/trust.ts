import { createAttest } from '../shared/cloud/attest.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { createKms } from '../shared/cloud/kms.ts';
import { createLog } from '../shared/cloud/log.ts';
import { openWriteOnce } from '../shared/cloud/write-once.ts';
import { createApi, toFunction } from '../shared/http/app.ts';
import { connectionRoutes } from '../shared/http/connections/routes.ts';
import { accountsRoutes } from '../shared/http/accounts/routes.ts';
import { approvalsRoutes } from '../shared/http/approvals/routes.ts';
import { auditRoutes } from '../shared/http/audit/route.ts';
import { billingRoutes } from '../shared/http/billing/routes.ts';
import { catalogueRoutes } from '../shared/http/catalogue/routes.ts';
import { deliveriesRoutes, endpointsRoutes } from '../shared/http/deliveries/routes.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { exportRoutes } from '../shared/http/export/routes.ts';
import { openApiDocument } from '../shared/http/openapi.ts';
import { ordersRoutes } from '../shared/http/orders/routes.ts';
import { partnersRoutes } from '../shared/http/partners/routes.ts';
import { staffRoutes } from '../shared/http/staff/routes.ts';
import { stockRoutes } from '../shared/http/stock/routes.ts';
import { supportRoutes } from '../shared/http/support/routes.ts';
import { getPublicKeys } from '../shared/http/trust/public-keys.ts';
import { getLetterPage, getOpenApi, getReference } from '../shared/http/trust/reference.ts';
import { getRoot } from '../shared/http/trust/root.ts';
import {
  letterPageRoute,
  openApiRoute,
  publicKeysRoute,
  referenceRoute,
  rootRoute,
  trustRoutes,
} from '../shared/http/trust/routes.ts';
import { webhookRoutes } from '../shared/http/webhooks/route.ts';

/** What anyone may read and no database holds: public keys, signed roots, and the API's own description. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'trust', projectId: config.projectId });
  const document = openApiDocument(
    [
      ...ordersRoutes,
      ...stockRoutes,
      ...deliveriesRoutes,
      ...endpointsRoutes,
      ...accountsRoutes,
      ...connectionRoutes,
      ...approvalsRoutes,
      ...exportRoutes,
      ...partnersRoutes,
      ...auditRoutes,
      ...webhookRoutes,
      ...trustRoutes,
      ...staffRoutes,
      ...supportRoutes,
      ...billingRoutes,
      ...catalogueRoutes,
    ],
    config.baseUrl,
  );
  const app = createApi({ log });
  app.openapi(publicKeysRoute, getPublicKeys({ attest: createAttest({ kms: createKms(config), now }) }));
  app.openapi(rootRoute, getRoot({ roots: openWriteOnce(config, config.rootsBucket) }));
  app.openapi(openApiRoute, getOpenApi(document));
  app.openapi(referenceRoute, getReference(document));
  app.openapi(letterPageRoute, getLetterPage(document));
  return toFunction(app);
};

register('trust', build);
