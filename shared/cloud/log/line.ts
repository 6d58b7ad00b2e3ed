import { AppError } from '../../domain/errors.ts';

type Severity = 'INFO' | 'WARNING' | 'ERROR' | 'ALERT';

/** Everything that a line can carry beside its fixed message. There is no room for an object or a free text. */
export interface Facts {
  orderId?: string;
  companyId?: string;
  connectionId?: string;
  erasureId?: string;
  deliveryId?: string;
  requestId?: string;
  pullId?: string;
  staffId?: string;
  entryId?: string;
  action?: string;
  actorId?: string;
  recordId?: string;
  method?: string;
  route?: string;
  fileName?: string;
  backupId?: string;
  messageId?: string;
  code?: string;
  originCode?: string;
  errorClass?: string;
  frames?: string[];
  status?: number;
  count?: number;
  root?: number;
  milliseconds?: number;
}

/** What a value must look like to be written. Types say it first; this holds it where a cast has lied. */
const SHAPES: Record<
  Exclude<keyof Facts, 'frames' | 'status' | 'count' | 'root' | 'milliseconds'>,
  RegExp
> = {
  orderId: /^ord_[0-9a-z]{26}$/,
  companyId: /^cmp_[0-9a-z]{26}$/,
  connectionId: /^con_[0-9a-z]{26}$/,
  erasureId: /^era_[0-9a-z]{26}$/,
  deliveryId: /^del_[0-9a-z]{26}$/,
  pullId: /^pul_[0-9a-z]{26}$/,
  requestId: /^req_[0-9a-z]{26}$/,
  staffId: /^stf_[0-9a-z]{26}$/,
  entryId: /^aud_[0-9a-z]{26}$/,
  action: /^[a-z_]{1,30}\.[a-z_]{1,30}$/,
  actorId: /^[a-z]{2,3}_[0-9a-z]{26}$/,
  recordId: /^[a-z]{2,3}_[0-9a-z]{26}$/,
  method: /^[A-Z]{3,7}$/,
  route: /^\/[\w/:.-]{0,100}$/,
  fileName: /^[0-9a-z-]{1,80}\.[a-z]{1,5}$/,
  backupId: /^\d{8}T\d{4}Z$/,
  messageId: /^[0-9]{1,30}$/,
  code: /^[A-Z][A-Z_]{0,60}$/,
  originCode: /^(?:[A-Z][A-Z0-9_]{0,60}|[0-9]{1,3})$/,
  errorClass: /^[A-Z][A-Za-z]{0,60}$/,
};

export type Line = (severity: Severity, event: string, message: string, facts: Facts) => void;

/** Facts as they are written: a value that is not of its shape is withheld. */
export function written(facts: Facts): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]: [string, unknown]) => {
      const shape = Object.hasOwn(SHAPES, name) ? SHAPES[name as keyof typeof SHAPES] : undefined;
      const fits = shape === undefined || (typeof value === 'string' && shape.test(value));
      return [name, fits ? value : 'WITHHELD'];
    }),
  );
}

/**
 * An error as its class, our code, the code of what caused it (a gRPC number, `ECONNREFUSED`) and where it came from.
 * Its message may hold data.
 */
export function errorFacts(error: unknown): Facts {
  const origin = error instanceof AppError && error.cause !== undefined ? error.cause : error;
  return {
    errorClass: origin instanceof Error ? origin.constructor.name : 'NotAnError',
    ...(error instanceof AppError && { code: error.code }),
    ...(origin !== error && { originCode: codeOf(origin) }),
    ...(origin instanceof Error && { frames: framesOf(origin) }),
  };
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' || typeof code === 'number' ? String(code) : 'NONE';
}

/** `http/app.ts:12` and so on. The stack begins with the message, of any number of lines: that is cut off first. */
function framesOf(error: Error): string[] {
  const stack = error.stack ?? '';
  const head = stack.indexOf(error.message);
  if (head < 0) return [];
  return stack
    .slice(head + error.message.length)
    .split('\n')
    .map((text) => /^ {4}at .*?([\w.-]+\/[\w.-]+\.(?:ts|js|mjs|cjs):\d+):\d+\)?$/.exec(text)?.[1])
    .filter((frame) => frame !== undefined)
    .slice(0, 8);
}
