import { z } from 'zod';
import { idSchema } from './ids.ts';

/** A file of products that waits to be read, or to be read on: ids, and nothing else. */
export const ImportMessage = z.strictObject({ companyId: idSchema('company'), importId: idSchema('import') });
export type ImportMessage = z.infer<typeof ImportMessage>;
