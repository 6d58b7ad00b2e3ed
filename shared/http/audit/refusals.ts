import { z } from 'zod';
import { type NoteRefusal, onceAWindow } from '../../audit/refusals.ts';
import type { Internal } from '../../cloud/internal.ts';
import { SCOPES } from '../../domain/api-key.ts';
import { badFields } from '../../domain/errors.ts';
import { fieldErrors } from '../../domain/field-errors.ts';
import { idSchema } from '../../domain/ids.ts';
import type { Clock } from '../../domain/time.ts';
import type { Api } from '../app.ts';

export const REFUSALS_PATH = '/refusals';

/** A refused attempt as one function tells it to another, inside. */
const Told = z.strictObject({
  companyId: idSchema('company'),
  actor: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('api_key'), id: idSchema('apiKey') }),
    z.strictObject({ type: z.literal('member'), id: idSchema('member') }),
  ]),
  requestId: idSchema('request'),
  code: z.enum(['FORBIDDEN', 'UNAUTHENTICATED']),
  scope: z.enum(SCOPES).optional(),
});
const Noted = z.strictObject({});

/** For a function that writes nothing: has refused attempts written by one that does. */
export function tellRefusals(inside: Internal, deps: { now: Clock }): NoteRefusal {
  return onceAWindow(async (refused) => {
    await inside.post(REFUSALS_PATH, refused, Noted);
  }, deps);
}

/** Takes what it is told by `tellRefusals`. It has no route from outside, and Cloud Run lets one identity call it. */
export function addRefusalsApi(app: Api, note: NoteRefusal): void {
  app.post(REFUSALS_PATH, async (c) => {
    const told = Told.safeParse(await c.req.json().catch(() => undefined));
    if (!told.success) throw badFields(...fieldErrors(told.error));
    await note({ ...told.data, scope: told.data.scope });
    return c.json({});
  });
}
