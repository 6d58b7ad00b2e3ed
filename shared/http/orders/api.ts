import type { Offers } from '../../domain/offer.ts';
import type { OrdersDeps } from '../../orders/order-store.ts';
import type { Api } from '../app.ts';
import {
  archiveHandler,
  cancelHandler,
  correctAddressHandler,
  declineHandler,
  retryHandler,
  routeAgainHandler,
  returnHandler,
} from './change.ts';
import * as change from './change-routes.ts';
import { createOrderHandler } from './create.ts';
import * as erase from './erase-routes.ts';
import {
  deleteOrderHandler,
  eraseArchivedHandler,
  listErasuresHandler,
  readErasureHandler,
} from './erasures.ts';
import { correctFulfilmentHandler, fulfilHandler } from './fulfilments.ts';
import { listOrdersHandler, previewOrderHandler, readOrderHandler } from './read.ts';
import { listPrivacyRequestsHandler } from './privacy-requests.ts';
import { listPrivacyRequestsRoute } from './privacy-routes.ts';
import * as read from './read-routes.ts';
import { readRoutingHandler, setRoutingHandler } from './routing.ts';
import * as routing from './routing-routes.ts';

/** Puts the orders API on its routes. */
export function addOrdersApi(app: Api, deps: OrdersDeps & { offers: Offers }): void {
  app.openapi(read.listOrdersRoute, listOrdersHandler(deps));
  app.openapi(read.previewOrderRoute, previewOrderHandler(deps));
  app.openapi(read.readOrderRoute, readOrderHandler(deps));
  app.openapi(erase.eraseArchivedRoute, eraseArchivedHandler(deps));
  app.openapi(change.createOrderRoute, createOrderHandler(deps));
  app.openapi(change.correctAddressRoute, correctAddressHandler(deps));
  app.openapi(change.fulfilRoute, fulfilHandler(deps));
  app.openapi(change.correctFulfilmentRoute, correctFulfilmentHandler(deps));
  app.openapi(change.cancelRoute, cancelHandler(deps));
  app.openapi(change.declineRoute, declineHandler(deps));
  app.openapi(change.returnRoute, returnHandler(deps));
  app.openapi(change.archiveRoute, archiveHandler(deps));
  app.openapi(change.retryRoute, retryHandler(deps));
  app.openapi(change.routeAgainRoute, routeAgainHandler(deps));
  app.openapi(erase.deleteOrderRoute, deleteOrderHandler(deps));
  app.openapi(erase.listErasuresRoute, listErasuresHandler(deps));
  app.openapi(listPrivacyRequestsRoute, listPrivacyRequestsHandler(deps));
  app.openapi(erase.readErasureRoute, readErasureHandler(deps));
  app.openapi(routing.readRoutingRoute, readRoutingHandler(deps));
  app.openapi(routing.setRoutingRoute, setRoutingHandler(deps));
}
