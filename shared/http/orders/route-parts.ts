import { z } from '@hono/zod-openapi';
import { idSchema } from '../../domain/ids.ts';

/** What the declarations of the orders API share. */
export const orderPath = z.strictObject({ id: idSchema('order') });

export const ifMatch = z.object({
  'if-match': z
    .string()
    .max(200)
    .optional()
    .openapi({ description: 'The `ETag` of a single read: act on that version only.' }),
});

export const idempotencyKey = z.object({
  'idempotency-key': z
    .string()
    .optional()
    .openapi({ description: 'Makes a repeat of this request answer what the first one made, for 24 hours.' }),
});

const AUDIT_ENTRY = {
  'Audit-Entry': {
    description: 'The entry of this action in your log, and its leaf hash: `aud_…; leaf=…`.',
    schema: { type: 'string' },
  },
} as const;

/** One JSON answer, with the header that names its audit entry where there is one. */
export function answer<S extends z.ZodType>(
  schema: S,
  description: string,
  headers: Record<string, object> = {},
) {
  return {
    description,
    headers: { ...AUDIT_ENTRY, ...headers },
    content: { 'application/json': { schema } },
  };
}

/** One JSON body. */
export function body<S extends z.ZodType>(schema: S, required = true) {
  return { required, content: { 'application/json': { schema } } };
}
