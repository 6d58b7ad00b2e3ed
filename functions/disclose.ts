import { createRefusals } from '../shared/audit/refusals.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';
import { openWriteOnce } from '../shared/cloud/write-once.ts';
import { createApi, toFunction } from '../shared/http/app.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { addDiscloseApi } from '../shared/http/support/disclose-api.ts';
import { auditPage, openOrderView, ordersPage } from '../shared/http/support/desk.ts';
import { archive } from '../shared/orders/archive.ts';
import { retry } from '../shared/orders/hold.ts';
import { createGrants } from '../shared/support/grants.ts';

/**
 * Called by `support` alone. It opens what a merchant's grant in the keyring names, logged there first, and answers it
 * encrypted to the key of that one request.
 */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'disclose', projectId: config.projectId });
  const db = openFirestore(config, '(default)');
  const keyring = openKeyring(config, { now, onKmsBridged: log.kmsBridged });
  const objects = openWriteOnce(config, config.logBucket);
  const deps = { db, keyring, publisher: createPublisher(config), log, now };
  const app = createApi({ log, noteRefusal: createRefusals({ db, now }) });
  addDiscloseApi(app, {
    db,
    now,
    grants: createGrants(openFirestore(config, 'keyring')),
    desk: {
      findOrder: (companyId, orderId) => openOrderView(companyId, orderId, deps),
      lists: {
        orders: (companyId, page) => ordersPage(companyId, page, deps),
        audit: (companyId, page) => auditPage(companyId, page, { ...deps, objects }),
      },
      actions: {
        'order.retry': async (companyId, orderId, acting) => {
          await retry({ companyId, orderId }, acting, deps);
        },
        'order.archive': async (companyId, orderId, acting) => {
          await archive({ companyId, orderId }, acting, deps);
        },
      },
    },
  });
  return toFunction(app);
};

register('disclose', build);
