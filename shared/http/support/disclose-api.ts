import type { Context } from 'hono';
import type { z } from 'zod';
import { auditHeader } from '../../audit/entry.ts';
import { badFields } from '../../domain/errors.ts';
import { type DiscloseDeps, discloseList, discloseOrder, giveBack, manage } from '../../support/disclose.ts';
import type { Api, ApiEnv } from '../app.ts';
import { fieldErrors } from '../../domain/field-errors.ts';
import * as protocol from './protocol.ts';

/**
 * What `support` may ask of `disclose`. Nobody else reaches it: it has no route from outside, and Cloud Run lets one
 * identity call it. What is asked is checked against the merchant's grant all the same.
 */
export function addDiscloseApi(app: Api, deps: DiscloseDeps): void {
  app.post(protocol.ASKS.order, async (c) => {
    const { orderId, ...asking } = await read(c, protocol.OrderAsk);
    const { jwe, entry } = await discloseOrder(orderId, asking, deps);
    return c.json({ jwe, auditEntry: auditHeader(entry) });
  });
  app.post(protocol.ASKS.list, async (c) => {
    const { kind, limit, after, ...asking } = await read(c, protocol.ListAsk);
    const page = { limit, after: after ?? undefined };
    const { jwe, entry } = await discloseList(kind, page, asking, deps);
    return c.json({ jwe, auditEntry: auditHeader(entry) });
  });
  app.post(protocol.ASKS.action, async (c) => {
    const { action, orderId, ...asking } = await read(c, protocol.ActionAsk);
    const { entry } = await manage(action, orderId, asking, deps);
    return c.json({ auditEntry: auditHeader(entry) });
  });
  app.post(protocol.ASKS.end, async (c) => {
    await giveBack(await read(c, protocol.EndAsk), deps);
    return c.json({ ended: true });
  });
}

async function read<T>(c: Context<ApiEnv>, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(await c.req.json().catch(() => undefined));
  if (!parsed.success) throw badFields(...fieldErrors(parsed.error));
  return parsed.data;
}
