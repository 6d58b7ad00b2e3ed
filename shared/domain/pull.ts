import { z } from 'zod';
import { idSchema } from './ids.ts';

/** Asks for one order to be read at its shop. Which one is in the document that this names. */
export const PullMessage = z.strictObject({ companyId: idSchema('company'), pullId: idSchema('pull') });
export type PullMessage = z.infer<typeof PullMessage>;

/** Asks for everything that a shop has changed since it was last read, and for its webhooks to be looked at. */
export const PollMessage = z.strictObject({
  companyId: idSchema('company'),
  connectionId: idSchema('connection'),
});
export type PollMessage = z.infer<typeof PollMessage>;
