import * as imports from './import-routes.ts';
import * as partner from './partner-routes.ts';
import * as priceLists from './price-list-routes.ts';
import * as products from './product-routes.ts';

/** Every route of the catalogue as it is declared, without what answers it: for the OpenAPI document. */
export const catalogueRoutes = [
  ...Object.values(products),
  ...Object.values(priceLists),
  ...Object.values(imports),
  ...Object.values(partner),
];
