import type { Firestore } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';

/** What a company calls its own products, by SKU. Reads each SKU once; what it does not have is not among them. */
export async function ownTitles(
  db: Firestore,
  companyId: string,
  wanted: string[],
): Promise<Map<string, string>> {
  const skus = [...new Set(wanted)];
  if (skus.length === 0) return new Map();
  const products = await db.getAll(...skus.map((sku) => db.doc(paths.product(companyId, sku))), {
    fieldMask: ['title'],
  });
  return new Map(
    products.flatMap((product, place): [string, string][] => {
      const title: unknown = product.get('title');
      return typeof title === 'string' ? [[skus[place] ?? '', title]] : [];
    }),
  );
}
