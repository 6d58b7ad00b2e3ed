import { askForClosing, keepCompany, readClosing } from '../../accounts/closing.ts';
import type { AccountsDeps } from '../../accounts/deps.ts';
import type { Api } from '../app.ts';
import { showEntry } from '../orders/caller.ts';
import { originOf, sessionIn } from './caller.ts';
import * as routes from './closing-routes.ts';

/** Puts the deletion of a company on its routes. */
export function addClosingApi(app: Api, deps: AccountsDeps): void {
  app.openapi(routes.deleteCompanyRoute, async (c) => {
    const acting = { session: sessionIn(c), requestId: c.var.requestId };
    const { company, receipt, entry } = await askForClosing(acting, deps);
    showEntry(c, entry);
    return c.json({ company: { id: acting.session.companyId, ...company }, receipt }, 202);
  });
  app.openapi(routes.keepCompanyRoute, async (c) => {
    const acting = { session: sessionIn(c), requestId: c.var.requestId };
    const { company, entry } = await keepCompany(acting, deps);
    showEntry(c, entry);
    return c.json({ id: acting.session.companyId, ...company }, 200);
  });
  app.openapi(routes.closingCertificateRoute, async (c) => {
    const closing = await readClosing(c.req.valid('json').token, originOf(c), deps);
    const { companyId, state, until, destroyedAt, horizon, certificate } = closing;
    return c.json({ companyId, state, until, destroyedAt, horizon, certificate }, 200);
  });
}
