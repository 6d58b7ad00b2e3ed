import { z } from 'zod';
import { idSchema } from './ids.ts';

/** Asks for an order, or for all that changed, to be read at its shop. Which is in the document that this names. */
export const PullMessage = z.strictObject({ companyId: idSchema('company'), pullId: idSchema('pull') });
export type PullMessage = z.infer<typeof PullMessage>;

/** Asks for everything that a shop has changed since it was last read. `webhooks`: also to look whether it still has ours. */
export const PollMessage = z.strictObject({
  companyId: idSchema('company'),
  connectionId: idSchema('connection'),
  webhooks: z.boolean().exactOptional(),
});
export type PollMessage = z.infer<typeof PollMessage>;
