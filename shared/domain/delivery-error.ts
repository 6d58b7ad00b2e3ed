import type { DeliveryCode } from './delivery.ts';

/** What no repeat helps: a delivery that meets it is given up at once. */
const FINAL: ReadonlySet<DeliveryCode> = new Set<DeliveryCode>([
  'NOT_CONNECTED',
  'REFUSED',
  'NOT_FOUND',
  'NOTHING_TO_SHIP',
  'ORDER_GONE',
  'ADDRESS_EMPTY',
]);

/** Why an attempt to deliver did not do it. The code is ours; nothing of what a shop said is in it. */
export class DeliveryError extends Error {
  readonly code: DeliveryCode;
  /** Not before this, in milliseconds since 1970: the other side asked us to wait. */
  readonly retryAt: number | undefined;

  constructor(code: DeliveryCode, more: { retryAt?: number | undefined; cause?: unknown } = {}) {
    super(code, more.cause === undefined ? {} : { cause: more.cause });
    this.name = 'DeliveryError';
    this.code = code;
    this.retryAt = more.retryAt;
  }

  get final(): boolean {
    return FINAL.has(this.code);
  }
}
