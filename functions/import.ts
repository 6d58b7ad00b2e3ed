import { runImport } from '../shared/catalogue/run-import.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';
import { ImportMessage } from '../shared/domain/import.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { pushHandler } from '../shared/http/push.ts';

/** Topic `imports`: reads a file of products and applies it. It has neither keyring nor KMS. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'import', projectId: config.projectId });
  const db = openFirestore(config, '(default)');
  const publisher = createPublisher(config);
  return pushHandler({
    log,
    schema: ImportMessage,
    handle: (message, { requestId }) => runImport(message, requestId, { db, publisher, log, now }),
  });
};

register('import', build);
