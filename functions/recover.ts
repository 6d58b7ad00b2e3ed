import { noticeRecoveries } from '../shared/accounts/recovery-notices.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createLog } from '../shared/cloud/log.ts';
import { openMailer } from '../shared/cloud/mail.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { tickHandler } from '../shared/http/tick.ts';

/** Every 15 minutes: tells owners by letter which members wait to get back in without their second factor. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'recover', projectId: config.projectId });
  const deps = {
    db: openFirestore(config, '(default)'),
    keyring: openKeyring(config, { now, onKmsBridged: log.kmsBridged }),
    mailer: openMailer(env, log.mailFiled),
    baseUrl: config.baseUrl,
    log,
    now,
  };
  return tickHandler(log, () => noticeRecoveries(deps));
};

register('recover', build);
