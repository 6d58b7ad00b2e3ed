import { createRefusals } from '../shared/audit/refusals.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';
import { createApi, toFunction } from '../shared/http/app.ts';
import { createAuthenticator } from '../shared/http/authenticate.ts';
import { addCatalogueApi } from '../shared/http/catalogue/api.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { addStockApi } from '../shared/http/stock/api.ts';

/** Products, stock, price lists, files of products, and what partners sell. It has neither keyring nor KMS. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'catalogue', projectId: config.projectId });
  const db = openFirestore(config, '(default)');
  const app = createApi({
    log,
    authenticator: createAuthenticator({ db, now }),
    noteRefusal: createRefusals({ db, now }),
  });
  const publisher = createPublisher(config);
  addCatalogueApi(app, { db, publisher, log, now });
  addStockApi(app, { db, publisher, log, now });
  return toFunction(app);
};

register('catalogue', build);
