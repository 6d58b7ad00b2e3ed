import type { Firestore } from '@google-cloud/firestore';
import type { StandIns } from '../../cloud/egress-target.ts';
import type { Keyring } from '../../cloud/keyring.ts';
import type { Log } from '../../cloud/log.ts';
import type { Publisher } from '../../cloud/pubsub.ts';
import { deliveryView, listDeliveries } from '../../deliveries/delivery-store.ts';
import { createEndpoint, listEndpoints, removeEndpoint } from '../../deliveries/endpoints.ts';
import { retryDelivery } from '../../deliveries/retry.ts';
import type { Clock } from '../../domain/time.ts';
import type { Api } from '../app.ts';
import { actingIn, showEntry } from '../orders/caller.ts';
import { pageOf, placeOf } from '../paging.ts';
import * as routes from './routes.ts';

interface DeliveriesDeps {
  db: Firestore;
  publisher: Pick<Publisher, 'delivery'>;
  log: Log;
  now: Clock;
}

/** What went out, and what was given up and can be sent again. */
export function addDeliveriesApi(app: Api, deps: DeliveriesDeps): void {
  app.openapi(routes.listDeliveriesRoute, async (c) => {
    const { limit, after, state, orderId } = c.req.valid('query');
    const page = { limit: limit + 1, after: placeOf('delivery', after) };
    const found = await listDeliveries(c.var.caller.companyId, { state, orderId }, page, deps);
    const shown = pageOf(
      found,
      limit,
      ({ id, delivery }) => [delivery.createdAt, id],
      ({ id, delivery }) => deliveryView(id, delivery),
    );
    return c.json(shown, 200);
  });
  app.openapi(routes.retryDeliveryRoute, async (c) => {
    const { id } = c.req.valid('param');
    const { delivery, entry } = await retryDelivery(c.var.caller.companyId, id, actingIn(c), deps);
    showEntry(c, entry);
    return c.json(deliveryView(id, delivery), 200);
  });
}

interface EndpointsDeps {
  db: Firestore;
  keyring: Keyring;
  standIns: StandIns;
  now: Clock;
}

/** The merchant's own endpoints. */
export function addEndpointsApi(app: Api, deps: EndpointsDeps): void {
  app.openapi(routes.listEndpointsRoute, async (c) => {
    return c.json({ data: await listEndpoints(c.var.caller.companyId, deps), next: null }, 200);
  });
  app.openapi(routes.createEndpointRoute, async (c) => {
    const { companyId } = c.var.caller;
    const made = await createEndpoint(companyId, c.req.valid('json'), actingIn(c), deps);
    showEntry(c, made.entry);
    return c.json({ ...made.view, secret: made.secret }, 201);
  });
  app.openapi(routes.deleteEndpointRoute, async (c) => {
    const { id } = c.req.valid('param');
    showEntry(c, await removeEndpoint(c.var.caller.companyId, id, actingIn(c), deps));
    return c.body(null, 204);
  });
}
