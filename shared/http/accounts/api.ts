import type { AccountsDeps } from '../../accounts/deps.ts';
import type { Api } from '../app.ts';

/** Puts the API of accounts on its routes. */
export function addAccountsApi(_app: Api, _deps: AccountsDeps): void {}
