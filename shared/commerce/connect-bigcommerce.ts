import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { askShop } from './ask-shop.ts';
import { bigCommerceCall, type BigCommerceShop } from './bigcommerce-orders.ts';
import { Id } from './fields.ts';
import type { ShopDeps } from './shop-orders.ts';
import type { ShopWebhooks } from './shop-webhooks.ts';

const SCOPES = ['store/order/*', 'store/shipment/*', 'store/product/*', 'store/app/uninstalled'];
const PAGE = 250;

const Hook = z.object({ id: Id, scope: z.string(), destination: z.string(), is_active: z.boolean() });
type Hook = z.infer<typeof Hook>;

/** https://developer.bigcommerce.com/docs/webhooks; they are signed with the client secret of the API account. */
export function bigCommerceWebhooks(shop: BigCommerceShop, deps: ShopDeps): ShopWebhooks {
  const ask = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<unknown> =>
    askShop(deps, { method, ...bigCommerceCall(shop, path), ...(body && { body }) });

  async function ours(address: string): Promise<Hook[]> {
    const found = z.object({ data: z.array(Hook) }).safeParse(await ask('GET', `v3/hooks?limit=${PAGE}`));
    if (!found.success) throw new AppError('SHOP_UNAVAILABLE', 'the store does not show its webhooks');
    return found.data.data.filter((hook) => hook.destination === address);
  }

  return {
    async check() {
      await ours('');
    },
    async ensure(address) {
      const known = await ours(address);
      let restored = false;
      for (const scope of SCOPES) {
        const hook = known.find((each) => each.scope === scope);
        if (hook?.is_active === true) continue;
        restored = true;
        const active = { scope, destination: address, is_active: true };
        if (hook === undefined) await ask('POST', 'v3/hooks', active);
        else await ask('PUT', `v3/hooks/${hook.id}`, active);
      }
      return restored;
    },
    // They have no secret of ours: the store's own API account is what signs.
    rekey: () => Promise.resolve(),
    async remove(address) {
      for (const { id } of await ours(address)) await ask('DELETE', `v3/hooks/${id}`);
    },
  };
}
