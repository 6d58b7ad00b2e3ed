type ErrorType =
  'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error' | 'rate_limit_error';

/** An answer other than success, in Stripe's shape: `{ error: { type, code, message, param, … } }`. */
export class Refusal extends Error {
  readonly status: number;
  readonly type: ErrorType;
  readonly more: Record<string, unknown>;

  constructor(status: number, type: ErrorType, message: string, more: Record<string, unknown> = {}) {
    super(message);
    this.status = status;
    this.type = type;
    this.more = more;
  }

  body(requestId: string): object {
    const { message, more, type } = this;
    const error = {
      ...more,
      message,
      type,
      request_log_url: `https://dashboard.stripe.com/logs/${requestId}`,
    };
    return { error };
  }
}

export function missing(kind: string, id: string, param = 'id'): Refusal {
  return new Refusal(404, 'invalid_request_error', `No such ${kind}: '${id}'`, {
    code: 'resource_missing',
    param,
  });
}

export function badParam(param: string, message: string, code = 'parameter_invalid_empty'): Refusal {
  return new Refusal(400, 'invalid_request_error', message, { code, param });
}

export function unexpectedState(code: string, message: string, more: Record<string, unknown> = {}): Refusal {
  return new Refusal(400, 'invalid_request_error', message, { code, ...more });
}
