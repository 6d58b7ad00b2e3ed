/**
 * The closed set of codes that a caller can meet, each with its HTTP status and a title that never changes.
 * A code is part of the API: it is added with care and never renamed.
 */
export const ERRORS = {
  BAD_REQUEST: { status: 400, title: 'The request is not valid' },
  UNAUTHENTICATED: { status: 401, title: 'The request carries no valid credential' },
  FORBIDDEN: { status: 403, title: 'The credential does not cover this action' },
  FACTOR_REFUSED: { status: 403, title: 'The second factor was not accepted' },
  FRESH_SIGN_IN_NEEDED: { status: 403, title: 'This needs a sign-in of the last ten minutes' },
  NOT_APPROVED: { status: 403, title: 'The merchant has not approved this' },
  NOT_TRAINED: { status: 403, title: 'There is no current record of training' },
  NOT_FOUND: { status: 404, title: 'There is no such resource' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'This resource does not take this method' },
  CONFLICT: { status: 409, title: 'The resource is not in a state that allows this' },
  LAST_FACTOR: { status: 409, title: 'An owner keeps at least one second factor' },
  ORDER_EXISTS: { status: 409, title: 'An order with this external id exists already' },
  ORDER_ERASED: { status: 409, title: 'The order was erased and can not come back' },
  ORDER_NOT_ENDED: { status: 409, title: 'The order has not ended yet' },
  ORDER_NOT_ARCHIVED: { status: 409, title: 'Only an archived order can be deleted' },
  ORDER_NOT_HELD: { status: 409, title: 'The order is not held' },
  QUANTITY_EXCEEDED: { status: 409, title: 'More than what is left of a line' },
  IDEMPOTENCY_RUNNING: { status: 409, title: 'A request with this idempotency key is still running' },
  BILLING_NOT_READY: { status: 409, title: 'Stripe does not let this be charged yet' },
  LAST_OWNER: { status: 409, title: 'A company keeps at least one owner' },
  PARTNER_IS_SELF: { status: 409, title: 'A company is not its own partner' },
  PARTNER_EXISTS: { status: 409, title: 'The two companies are connected like this already' },
  PARTNER_OTHER_MODE: { status: 409, title: 'Live and test companies never meet' },
  PARTNER_CLOSING: { status: 409, title: 'One of the two companies is being deleted' },
  INVITATION_NOT_YOURS: { status: 403, title: 'The invitation is for an address that is no member here' },
  INVITATION_OVER: { status: 404, title: 'The link is none of ours, was used, was withdrawn or has expired' },
  NOT_SEALED: { status: 409, title: 'This is not under a signed root yet; it will be within minutes' },
  DELIVERY_NOT_DEAD: { status: 409, title: 'The delivery was not given up' },
  COMPANY_CLOSING: { status: 410, title: 'The company is being deleted and takes no orders' },
  PRECONDITION_FAILED: { status: 412, title: 'The resource was changed since it was read' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The body is larger than what is read here' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body is not of a type that is read here' },
  IDEMPOTENCY_MISMATCH: { status: 422, title: 'The idempotency key was used with another body' },
  SHOP_REFUSED: { status: 422, title: 'The shop does not accept these credentials' },
  TOO_MANY_REQUESTS: { status: 429, title: 'Too many requests' },
  INTERNAL: { status: 500, title: 'Something went wrong on our side' },
  KEY_GONE: { status: 500, title: 'The record can not be opened' },
  SEAL_BROKEN: { status: 500, title: 'The record can not be opened' },
  SHOP_UNAVAILABLE: { status: 502, title: 'The shop can not be reached, or answers what can not be used' },
  UNAVAILABLE: { status: 503, title: 'A part that this needs can not be reached now' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** One field of a request that is not as it should be: a path such as `lines.0.sku`, and what is wrong in words. */
export interface FieldError {
  path: string;
  message: string;
}

/**
 * The one error class. Neither `detail` nor `fields` ever holds a value that came from outside, only names of
 * fields and our own words, so that an error can be logged and shown without leaking anything.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly fields: FieldError[];
  /** Seconds after which the caller may try again; for 429 and 503. */
  readonly retryAfter: number | undefined;

  constructor(
    code: ErrorCode,
    detail?: string,
    more: { fields?: FieldError[]; retryAfter?: number; cause?: unknown } = {},
  ) {
    super(detail ?? ERRORS[code].title, more.cause === undefined ? {} : { cause: more.cause });
    this.name = 'AppError';
    this.code = code;
    this.fields = more.fields ?? [];
    this.retryAfter = more.retryAfter ?? (code === 'UNAVAILABLE' ? 5 : undefined);
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}

/** `BAD_REQUEST` that names its fields. */
export function badFields(...fields: FieldError[]): AppError {
  return new AppError('BAD_REQUEST', `not valid at: ${fields.map((field) => field.path).join(', ')}`, {
    fields,
  });
}
