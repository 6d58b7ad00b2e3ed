/** The reasons that Cloud Storage's JSON API gives with an error, as far as this stand-in gives them. */
type Reason =
  | 'invalid'
  | 'required'
  | 'notFound'
  | 'conflict'
  | 'conditionNotMet'
  | 'notModified'
  | 'retentionPolicyNotMet'
  | 'forbidden'
  | 'methodNotAllowed'
  | 'rateLimitExceeded'
  | 'backendError';

/** An answer other than success, in the shape of the JSON API (`{ error: { code, message, errors } }`). */
export class Refusal extends Error {
  readonly status: number;
  readonly reason: Reason;

  constructor(status: number, reason: Reason, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }

  body(): object {
    const { message, reason, status } = this;
    return { error: { code: status, message, errors: [{ message, domain: 'global', reason }] } };
  }
}

export function invalid(message: string): Refusal {
  return new Refusal(400, 'invalid', message);
}

export function noBucket(): Refusal {
  return new Refusal(404, 'notFound', 'The specified bucket does not exist.');
}

export function noObject(bucket: string, name: string): Refusal {
  return new Refusal(404, 'notFound', `No such object: ${bucket}/${name}`);
}

export function conditionNotMet(): Refusal {
  return new Refusal(
    412,
    'conditionNotMet',
    'At least one of the pre-conditions you specified did not hold.',
  );
}
