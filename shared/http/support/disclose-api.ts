import type { Context } from 'hono';
import type { z } from 'zod';
import { type AuditEntry, auditHeader } from '../../audit/entry.ts';
import { AppError, badFields } from '../../domain/errors.ts';
import { fieldErrors } from '../../domain/field-errors.ts';
import { ask, listOwn, readOwn } from '../../support/ask.ts';
import {
  type DiscloseDeps,
  discloseList,
  discloseOrder,
  type Disclosing,
  giveBack,
  manage,
} from '../../support/disclose.ts';
import { endOwn } from '../../support/end.ts';
import { type ReadRequest, requestView, stateOf } from '../../support/request-store.ts';
import { notedWithMerchant } from '../../support/refused.ts';
import type { Api, ApiEnv } from '../app.ts';
import { pageOf, placeOf } from '../paging.ts';
import * as protocol from './protocol.ts';

/**
 * What `support` may ask of `disclose`. Nobody else reaches it: it has no route from outside, and Cloud Run lets one
 * identity call it. What is asked is checked against the merchant's grant all the same.
 */
export function addDiscloseApi(app: Api, deps: DiscloseDeps): void {
  const changed = (read: ReadRequest & { entry: AuditEntry }) => ({
    request: requestView(read, deps.now),
    auditEntry: auditHeader(read.entry),
  });
  app.post(protocol.ASKS.ask, async (c) => {
    const { question, ...asking } = await read(c, protocol.NewAsk);
    return c.json(changed(await ask(question, asking, deps)));
  });
  app.post(protocol.ASKS.own, async (c) => {
    const { staffId, limit, after } = await read(c, protocol.OwnAsk);
    const place = placeOf('supportRequest', after ?? undefined);
    const found = await listOwn(staffId, { limit: limit + 1, after: place }, deps);
    const page = pageOf(
      found,
      limit,
      ({ id, request }) => [request.createdAt, id],
      (each) => requestView(each, deps.now),
    );
    return c.json(page);
  });
  app.post(protocol.ASKS.read, async (c) => {
    const { supportRequestId, staffId } = await read(c, protocol.ReadAsk);
    return c.json(requestView(await readOwn(supportRequestId, staffId, deps), deps.now));
  });
  // The grant first, so that an end which is written down is one.
  app.post(protocol.ASKS.end, async (c) => {
    const asking = await read(c, protocol.EndAsk);
    const { supportRequestId, staffId, requestId } = asking;
    const own = await readOwn(supportRequestId, staffId, deps);
    if (own.request.approved !== null) await giveBack(asking, deps);
    return c.json(changed(await endOwn(own, { actor: { type: 'staff', id: staffId }, requestId }, deps)));
  });
  app.post(protocol.ASKS.order, async (c) => {
    const { orderId, ...asking } = await read(c, protocol.OrderAsk);
    const { jwe, entry } = await whenApproved(asking, deps, () => discloseOrder(orderId, asking, deps));
    return c.json({ jwe, auditEntry: auditHeader(entry) });
  });
  app.post(protocol.ASKS.list, async (c) => {
    const { kind, limit, after, ...asking } = await read(c, protocol.ListAsk);
    const page = { limit, after: after ?? undefined };
    const { jwe, entry } = await whenApproved(asking, deps, () => discloseList(kind, page, asking, deps));
    return c.json({ jwe, auditEntry: auditHeader(entry) });
  });
  app.post(protocol.ASKS.action, async (c) => {
    const { action, orderId, ...asking } = await read(c, protocol.ActionAsk);
    const { entry } = await whenApproved(asking, deps, () => manage(action, orderId, asking, deps));
    return c.json({ auditEntry: auditHeader(entry) });
  });
}

/** Does what was approved; whoever is refused it stands in the merchant's log. */
async function whenApproved<T>(asking: Disclosing, deps: DiscloseDeps, work: () => Promise<T>): Promise<T> {
  try {
    await requireApproved(asking, deps);
    return await work();
  } catch (error) {
    throw await notedWithMerchant(error, asking, deps);
  }
}

/** NOT_FOUND for a request of others. What stands here says when there is no approval; that there is one, the keyring. */
async function requireApproved({ supportRequestId, staffId }: Disclosing, deps: DiscloseDeps): Promise<void> {
  const { request } = await readOwn(supportRequestId, staffId, deps);
  if (stateOf(request, deps.now) !== 'approved') throw new AppError('NOT_APPROVED');
}

async function read<T>(c: Context<ApiEnv>, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(await c.req.json().catch(() => undefined));
  if (!parsed.success) throw badFields(...fieldErrors(parsed.error));
  return parsed.data;
}
