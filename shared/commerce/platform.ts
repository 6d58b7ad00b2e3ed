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
  | { platform: 'standard'; secrets: string[]; publicKeys: string[] }
  /** `secrets` are ours, given to the webhooks that we made there; the consumer key calls the shop's API. */
  | { platform: 'woocommerce'; secrets: string[]; site: string; consumerKey: string; consumerSecret: string }
  /** `secrets` are the client secrets of the store's API account, whose token calls its API. */
  | { platform: 'bigcommerce'; secrets: string[]; storeHash: string; token: string };

export type PlatformName = ConnectionSecrets['platform'];

/**
 * What a verified delivery, or an answer of a shop's API, says in our words. `fetch` names an order that is to be read
 * at the shop, `removed` one that is there no more. `ignored` is answered like any other and changes nothing.
 */
export type CommerceEvent =
  | { kind: 'order'; order: IncomingOrder }
  | { kind: 'fetch' | 'removed'; externalId: string }
  /** `shop`: of which, where one secret signs for many; it has to be the connection's. `at`: when that was, RFC 3339. */
  | { kind: 'uninstalled'; shop?: string; at?: string }
  /** Something of what the shop sells has changed; what it is, is read there. */
  | { kind: 'products' }
  | { kind: 'ignored'; reason: 'topic' | 'nothing_to_ship' };

export interface Platform {
  /** Throws `UNAUTHENTICATED` unless one of the secrets signed these bytes. Reads nothing of them. */
  verify(delivery: Delivery, secrets: ConnectionSecrets, now: Clock): VerifiedDelivery;
  /** Throws `BAD_REQUEST` that names the fields when the bytes are not what the platform sends. */
  read(delivery: VerifiedDelivery): CommerceEvent;
}
