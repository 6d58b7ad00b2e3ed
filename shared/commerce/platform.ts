import type { IncomingHttpHeaders } from 'node:http';
import type { IncomingOrder } from '../domain/order.ts';
import type { Clock } from '../domain/time.ts';

/** What arrived: raw bytes and headers, of which nothing is believed yet. */
export interface Delivery {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

declare const verified: unique symbol;

/** A delivery whose bytes were signed by the connection's own platform. Only `Platform.verify` makes one. */
export type VerifiedDelivery = Delivery & { readonly [verified]: true };

/** What a connection verifies with. Several secrets or keys are valid at once while one is being rotated. */
export type ConnectionSecrets =
  | { platform: 'shopify'; secrets: string[]; shop: string; token?: string; scopes?: string[] }
  /** `whsec_` and base64 of the HMAC key; `whpk_` and base64 of an Ed25519 public key. */
  | { platform: 'standard'; secrets: string[]; publicKeys: string[] };

export type PlatformName = ConnectionSecrets['platform'];

/** What a verified delivery says, in our words. `ignored` is answered like any other and changes nothing. */
export type CommerceEvent =
  { kind: 'order'; order: IncomingOrder } | { kind: 'ignored'; reason: 'topic' | 'nothing_to_ship' };

export interface Platform {
  /** Throws `UNAUTHENTICATED` unless one of the secrets signed these bytes. Reads nothing of them. */
  verify(delivery: Delivery, secrets: ConnectionSecrets, now: Clock): VerifiedDelivery;
  /** Throws `BAD_REQUEST` that names the fields when the bytes are not what the platform sends. */
  read(delivery: VerifiedDelivery): CommerceEvent;
}
