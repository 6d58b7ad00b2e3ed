import type { AccountsDeps } from '../../accounts/deps.ts';
import type { Api } from '../app.ts';
import { addApiKeysApi } from './api-keys.ts';
import { addClosingApi } from './closing.ts';
import { addFactorsApi } from './factors.ts';
import { addMembersApi } from './members.ts';
import { addRecoveryApi } from './recovery.ts';
import { addSessionsApi } from './sessions.ts';

/** Puts the API of accounts on its routes. */
export function addAccountsApi(app: Api, deps: AccountsDeps): void {
  addSessionsApi(app, deps);
  addFactorsApi(app, deps);
  addRecoveryApi(app, deps);
  addMembersApi(app, deps);
  addApiKeysApi(app, deps);
  addClosingApi(app, deps);
}
