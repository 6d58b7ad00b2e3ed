import type { Platform, PlatformName } from './platform.ts';
import { shopify } from './shopify.ts';
import { standardWebhooks } from './standard-webhooks.ts';

const PLATFORMS: Record<PlatformName, Platform> = { shopify, standard: standardWebhooks };

/** How a platform's deliveries are verified and read. */
export function platformOf(name: PlatformName): Platform {
  return PLATFORMS[name];
}
