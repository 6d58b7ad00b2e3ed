import type { ZodError } from 'zod';
import type { FieldError } from './errors.ts';

const MAX_FIELDS = 20;
const MAX_PATH = 100;
/** Programs name fields like this; an email address, a phone number or a sentence is no such name. */
const FIELD_NAME = /^(?!.*\d{5})[$_A-Za-z][\w-]{0,59}$/;

/**
 * What zod found, in words that name fields and never repeat a value. A field that we do not know is refused by its
 * name, and a name comes from outside: what does not look like one is shown as `?`.
 */
export function fieldErrors(error: ZodError): FieldError[] {
  const fields = error.issues.flatMap((issue): FieldError[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: pathOf([...issue.path, FIELD_NAME.test(key) ? key : '?']),
        message: 'not a known field',
      }));
    }
    const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
    return [{ path: pathOf(issue.path), message: missing ? 'is required' : issue.message }];
  });
  return [...new Map(fields.map((field) => [field.path, field])).values()].slice(0, MAX_FIELDS);
}

function pathOf(path: PropertyKey[]): string {
  const text = path.map(String).join('.');
  return (text.replace(/[^\w.#$@+-]/g, '?') || 'body').slice(0, MAX_PATH);
}
