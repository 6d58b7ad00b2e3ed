import { readCompany, renameCompany } from '../../accounts/company.ts';
import type { AccountsDeps } from '../../accounts/deps.ts';
import { acceptInvitation, invite, withdrawInvitation } from '../../accounts/invitations.ts';
import { changeMember, listMembers, memberView, removeMember } from '../../accounts/members.ts';
import { isId } from '../../domain/ids.ts';
import type { Api } from '../app.ts';
import { showEntry } from '../orders/caller.ts';
import { memberIn, originOf, signedIn } from './caller.ts';
import * as routes from './member-routes.ts';

/** Puts the company and its members on their routes. */
export function addMembersApi(app: Api, deps: AccountsDeps): void {
  app.openapi(routes.readCompanyRoute, async (c) => {
    const { companyId } = c.var.caller;
    return c.json({ id: companyId, ...(await readCompany(companyId, deps)) }, 200);
  });
  app.openapi(routes.changeCompanyRoute, async (c) => {
    const acting = memberIn(c);
    const { company, entry } = await renameCompany(acting, c.req.valid('json').name, deps);
    showEntry(c, entry);
    return c.json({ id: acting.companyId, ...company }, 200);
  });
  app.openapi(routes.listMembersRoute, async (c) => {
    return c.json({ data: await listMembers(c.var.caller.companyId, deps), next: null }, 200);
  });
  app.openapi(routes.inviteRoute, async (c) => {
    const { invitation, entry } = await invite(memberIn(c), c.req.valid('json'), deps);
    showEntry(c, entry);
    return c.json(invitation, 201);
  });
  app.openapi(routes.acceptInvitationRoute, async (c) => {
    const joined = await acceptInvitation(c.req.valid('json'), originOf(c), deps);
    return c.json(signedIn(c, joined), 201);
  });
  app.openapi(routes.changeMemberRoute, async (c) => {
    const acting = memberIn(c);
    const { id } = c.req.valid('param');
    const { member, entry } = await changeMember(acting, id, c.req.valid('json'), deps);
    showEntry(c, entry);
    return c.json(await memberView(acting.companyId, id, member, deps), 200);
  });
  app.openapi(routes.removeMemberRoute, async (c) => {
    const { id } = c.req.valid('param');
    const remove = isId('invitation', id) ? withdrawInvitation : removeMember;
    showEntry(c, await remove(memberIn(c), id, deps));
    return c.body(null, 204);
  });
}
