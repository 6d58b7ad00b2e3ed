import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { createInternal } from '../shared/cloud/internal.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createApi, toFunction } from '../shared/http/app.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { addStaffApi } from '../shared/http/staff/api.ts';
import { guardDesk } from '../shared/http/staff/guard.ts';
import { openStaffRoutes } from '../shared/http/staff/routes.ts';
import { addSupportApi } from '../shared/http/support/api.ts';
import { passwordKey } from '../shared/staff/password-and-app.ts';

/**
 * The desk of our own people. It reaches their accounts alone: what it asks of merchants, and what was approved,
 * goes through `disclose`.
 */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  if (config.discloseUrl === undefined) throw new Error('DISCLOSE_URL: needed here.');
  const log = createLog({ functionName: 'support', projectId: config.projectId });
  const db = openFirestore(config, 'staff');
  const app = createApi({ log });
  guardDesk(app, openStaffRoutes, { db, now });
  addStaffApi(app, { db, rp: config.relyingParty, passwordKey, log, now });
  addSupportApi(app, { disclose: createInternal(config, config.discloseUrl), now });
  return toFunction(app);
};

register('support', build);
