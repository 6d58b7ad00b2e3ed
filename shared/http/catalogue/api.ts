import type { ImportDeps } from '../../catalogue/run-import.ts';
import type { Api } from '../app.ts';
import * as imports from './import-routes.ts';
import { listImportsHandler, readImportHandler, startImportHandler } from './imports.ts';
import { partnerCatalogueHandler } from './partner-catalogue.ts';
import { partnerCatalogueRoute } from './partner-routes.ts';
import * as priceLists from './price-list-routes.ts';
import { listPriceListsHandler, putPriceListHandler, readPriceListHandler } from './price-lists.ts';
import * as products from './product-routes.ts';
import {
  deleteProductHandler,
  listProductsHandler,
  putProductHandler,
  putProductsHandler,
  readProductHandler,
} from './products.ts';

/** Puts the catalogue on its routes. */
export function addCatalogueApi(app: Api, deps: ImportDeps): void {
  app.openapi(products.listProductsRoute, listProductsHandler(deps));
  app.openapi(products.putProductsRoute, putProductsHandler(deps));
  app.openapi(products.readProductRoute, readProductHandler(deps));
  app.openapi(products.putProductRoute, putProductHandler(deps));
  app.openapi(products.deleteProductRoute, deleteProductHandler(deps));
  app.openapi(priceLists.listPriceListsRoute, listPriceListsHandler(deps));
  app.openapi(priceLists.readPriceListRoute, readPriceListHandler(deps));
  app.openapi(priceLists.putPriceListRoute, putPriceListHandler(deps));
  app.openapi(imports.startImportRoute, startImportHandler(deps));
  app.openapi(imports.listImportsRoute, listImportsHandler(deps));
  app.openapi(imports.readImportRoute, readImportHandler(deps));
  app.openapi(partnerCatalogueRoute, partnerCatalogueHandler(deps));
}
