import type { RouteHandler } from '@hono/zod-openapi';
import { status } from '@grpc/grpc-js';
import { hasStatus } from '../../cloud/grpc-error.ts';
import type { PartnersDeps } from '../../partners/deps.ts';
import { invite } from '../../partners/invite.ts';
import { readPartner } from '../../partners/read.ts';
import type { ApiEnv } from '../app.ts';
import { type Idempotency, idempotencyOf, idempotencyRecord, replay } from '../idempotency.ts';
import { showEntry } from '../orders/caller.ts';
import type { invitePartnerRoute } from './routes.ts';

/** `POST /v1/partners` */
export function inviteHandler(deps: PartnersDeps): RouteHandler<typeof invitePartnerRoute, ApiEnv> {
  const { db, now } = deps;
  return async (c) => {
    const { companyId, actor } = c.var.caller;
    const { email, name, role, terms } = c.req.valid('json');
    const idempotency = idempotencyOf(
      c.req.header('idempotency-key'),
      c.var.caller,
      'POST /v1/partners',
      c.env.incoming.rawBody ?? Buffer.alloc(0),
      await deps.keyring.lookup(),
    );
    const earlier = idempotency && (await replay(db, idempotency, now));
    const partnerId = earlier?.resource ?? (await make());
    c.header('Location', `/v1/partners/${partnerId}`);
    return c.json((await readPartner(companyId, partnerId, deps)).view, 201);

    async function make(): Promise<string> {
      const inviting = { contact: { email, name }, role, terms };
      const acting = { companyId, actor, requestId: c.var.requestId };
      try {
        const invited = await invite(inviting, acting, deps, (tx, resource) => {
          if (idempotency === undefined) return;
          const { path, data } = idempotencyRecord(idempotency, { resource, status: 201 }, now);
          tx.create(db.doc(path), data);
        });
        showEntry(c, invited.entry);
        return invited.partnerId;
      } catch (error) {
        return sameRequest(error, idempotency);
      }
    }

    /** The same key at the same moment made it: that is this request's invitation too. */
    async function sameRequest(error: unknown, key: Idempotency | undefined): Promise<string> {
      const same = key && hasStatus(error, status.ALREADY_EXISTS) ? await replay(db, key, now) : undefined;
      if (same === undefined) throw error;
      return same.resource;
    }
  };
}
