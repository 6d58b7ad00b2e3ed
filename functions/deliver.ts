import { readConfig } from '../shared/cloud/config.ts';
import { createEgress } from '../shared/cloud/egress.ts';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { openKeyring } from '../shared/cloud/keyring.ts';
import { createLog } from '../shared/cloud/log.ts';
import { createPublisher } from '../shared/cloud/pubsub.ts';
import { shopOpener } from '../shared/commerce/shop-access.ts';
import { deliver } from '../shared/deliveries/deliver.ts';
import { endpointOpener } from '../shared/deliveries/endpoints.ts';
import { send } from '../shared/deliveries/send.ts';
import { DeliveryMessage } from '../shared/domain/delivery.ts';
import { type Build, register } from '../shared/http/entry.ts';
import { pushHandler } from '../shared/http/push.ts';
import { openForDelivery, readForDelivery } from '../shared/orders/open-for-delivery.ts';
import { markerOf } from '../shared/orders/own-order.ts';
import { publishDeliveries } from '../shared/outbox/outbox.ts';
import { askForStock } from '../shared/outbox/shop-stock.ts';
import { sellable } from '../shared/stock/tell-shops.ts';

/** Topic `deliveries`: shipments and orders to shops, events to merchants' endpoints, each through egress alone. */
export const build: Build = (env, now) => {
  const config = readConfig(env);
  const log = createLog({ functionName: 'deliver', projectId: config.projectId });
  const db = openFirestore(config, '(default)');
  const keyring = openKeyring(config, { now, onKmsBridged: log.kmsBridged });
  const egress = createEgress(config, { now, random: Math.random });
  const told = { publisher: createPublisher(config), log };
  const sending = {
    ...{ db, now, egress },
    readOrder: readForDelivery({ db }),
    openOrder: openForDelivery({ db, keyring, now }),
    shopOf: shopOpener({ db, keyring, egress, now }),
    endpointOf: endpointOpener({ db, keyring, now }),
    stockOf: async (companyId: string, sku: string) => (await sellable(db, companyId, [sku])).get(sku),
    tellStock: async (companyId: string, connectionId: string, sku: string) => {
      if ((await sellable(db, companyId, [sku])).has(sku)) {
        await publishDeliveries(await askForStock([{ companyId, connectionId }], sku, { db, now }), told);
      }
    },
    markerOf: async (companyId: string, orderId: string, deliveryId: string) =>
      markerOf(await keyring.lookup(), companyId, orderId, deliveryId),
  };
  const deps = {
    ...{ ...told, db, now, random: Math.random },
    send: (...claimed: [Parameters<typeof send>[0], Parameters<typeof send>[1]]) => send(...claimed, sending),
  };
  return pushHandler({
    log,
    schema: DeliveryMessage,
    handle: (message, { requestId }) =>
      deliver(message, { actor: { type: 'system', id: null }, requestId }, deps),
  });
};

register('deliver', build);
