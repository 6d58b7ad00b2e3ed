import { bigcommerce } from './bigcommerce.ts';
import type { Platform, PlatformName } from './platform.ts';
import { shopify } from './shopify.ts';
import { standardWebhooks } from './standard-webhooks.ts';
import { woocommerce } from './woocommerce.ts';

const PLATFORMS: Record<PlatformName, Platform> = {
  shopify,
  standard: standardWebhooks,
  woocommerce,
  bigcommerce,
};

/** How a platform's deliveries are verified and read. */
export function platformOf(name: PlatformName): Platform {
  return PLATFORMS[name];
}
