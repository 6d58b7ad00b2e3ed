import * as change from './change-routes.ts';
import * as erase from './erase-routes.ts';
import * as privacy from './privacy-routes.ts';
import * as read from './read-routes.ts';
import * as routing from './routing-routes.ts';

/** Every route of the orders API as it is declared, without what answers it: for the OpenAPI document. */
export const ordersRoutes = [
  ...Object.values(read),
  ...Object.values(change),
  ...Object.values(erase),
  ...Object.values(routing),
  ...Object.values(privacy),
];
