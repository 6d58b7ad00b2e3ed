import { createApiKey, listApiKeys, revokeApiKey } from '../../accounts/api-keys.ts';
import type { AccountsDeps } from '../../accounts/deps.ts';
import type { API_KEY_SCOPES } from '../../domain/api-key.ts';
import type { Api } from '../app.ts';
import { showEntry } from '../orders/caller.ts';
import { pageOf, placeOf } from '../paging.ts';
import * as routes from './api-key-routes.ts';
import { memberIn } from './caller.ts';

/** Every key has scopes of this kind alone. */
type KeyScope = (typeof API_KEY_SCOPES)[number];
const shown = <View extends { scopes: readonly string[] }>(view: View) => ({
  ...view,
  scopes: view.scopes as KeyScope[],
});

/** Puts API keys on their routes. */
export function addApiKeysApi(app: Api, deps: AccountsDeps): void {
  app.openapi(routes.listApiKeysRoute, async (c) => {
    const { limit, after } = c.req.valid('query');
    const page = { limit: limit + 1, after: placeOf('apiKey', after) };
    const keys = await listApiKeys(c.var.caller.companyId, page, deps);
    return c.json(
      pageOf(keys, limit, ({ createdAt, id }) => [createdAt, id], shown),
      200,
    );
  });
  app.openapi(routes.createApiKeyRoute, async (c) => {
    const { apiKey, view, entry } = await createApiKey(memberIn(c), c.req.valid('json'), deps);
    showEntry(c, entry);
    return c.json({ ...shown(view), apiKey }, 201);
  });
  app.openapi(routes.revokeApiKeyRoute, async (c) => {
    showEntry(c, await revokeApiKey(memberIn(c), c.req.valid('param').id, deps));
    return c.body(null, 204);
  });
}
