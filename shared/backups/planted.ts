import type { Firestore } from '@google-cloud/firestore';
import { z } from 'zod';
import type { StoredCompany } from '../accounts/documents.ts';
import { paths } from '../cloud/firestore.ts';
import type { Log } from '../cloud/log.ts';
import type { Keyring } from '../cloud/keyring.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import { idSchema, randomId } from '../domain/ids.ts';
import { OrderInput, toIncoming } from '../domain/order-data.ts';
import type { ShipTo } from '../domain/order.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { receiveOrder } from '../orders/receive.ts';

/** `drills/planted`: the one order that a drill opens. It is nobody's, and belongs to a company that has no people. */
export const Planted = z.object({ companyId: idSchema('company'), orderId: idSchema('order') });
export type Planted = z.infer<typeof Planted>;

/** What its label says. */
export const PLANTED_ADDRESS: ShipTo = {
  firstName: 'Restore',
  lastName: 'Drill',
  streetAddress: 'Nowhere Lane 1\nNobodyton',
  postalCode: '00000',
  region: 'Nowhere',
  country: 'ZZ',
};

export interface PlantDeps {
  db: Firestore;
  keyring: Keyring;
  publisher: Publisher;
  log: Log;
  now: Clock;
}

/** Makes the company and its order, by the ways of any other order, once: what is planted already stays. */
export async function plant(deps: PlantDeps): Promise<Planted> {
  const { db, keyring, now } = deps;
  const ref = db.doc(paths.drill('planted'));
  const known = Planted.safeParse((await ref.get()).data()).data;
  if (known !== undefined) return known;
  const companyId = randomId('company');
  await keyring.createCompanyKey(companyId);
  const company: StoredCompany = {
    name: 'Restore drill',
    mode: 'test',
    createdAt: timestamp(now),
    closing: null,
  };
  await db.doc(paths.company(companyId)).create(company);
  const input = OrderInput.parse({
    ...{ externalId: 'planted', code: 'PLANTED', currency: 'USD' },
    lines: [{ sku: 'PLANTED', title: 'Planted', quantity: 1, unitPrice: 0 }],
    totals: { items: 0, shipping: 0, tax: 0, discount: 0, total: 0 },
    shipTo: PLANTED_ADDRESS,
  });
  const order = toIncoming(input, { cancelled: false, updatedAt: timestamp(now), scrub: [] });
  const acting = { actor: { type: 'system', id: null }, requestId: randomId('request') } as const;
  const source = { companyId, connectionId: null, platform: 'api' };
  const { orderId } = await receiveOrder(order, source, acting, deps);
  const planted: Planted = { companyId, orderId };
  await ref.create(planted);
  return planted;
}
