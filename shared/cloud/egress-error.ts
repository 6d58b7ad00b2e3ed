/** Everything that can go wrong between us and a server outside, as the caller may know it. */
export type EgressCode =
  /** Not a place that we call: scheme, port, name or a resolved address. Nothing was sent. */
  | 'TARGET_REFUSED'
  /** The name has no address now. Nothing was sent. */
  | 'NOT_RESOLVED'
  /** No TLS 1.2 or later with a certificate that holds for the name. Nothing was sent. */
  | 'TLS_FAILED'
  /** No connection, or one that was cut: what was sent may have had its effect. */
  | 'UNREACHABLE'
  /** No whole answer in time: what was sent may have had its effect. */
  | 'TIMED_OUT'
  /** An answer with more bytes than the caller takes. */
  | 'TOO_LARGE'
  /** An answer that points elsewhere. It is not followed. */
  | 'REDIRECTED'
  /** Not HTTP, or in an encoding that we did not ask for. */
  | 'BAD_ANSWER'
  /** The server asks us to wait until `retryAt`; said without calling when we know it already. */
  | 'RATE_LIMITED';

/** What `Egress.call` throws. Neither message nor fields hold anything that came from outside. */
export class EgressError extends Error {
  readonly code: EgressCode;
  /** Milliseconds since 1970; for RATE_LIMITED. */
  readonly retryAt: number | undefined;

  constructor(code: EgressCode, more: { why?: string; retryAt?: number; cause?: unknown } = {}) {
    super(more.why ?? code, more.cause === undefined ? {} : { cause: more.cause });
    this.name = 'EgressError';
    this.code = code;
    this.retryAt = more.retryAt;
  }
}
