import type { Firestore, Query } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { StoredImport } from './import-store.ts';

const RUNNING: StoredImport['state'][] = ['checking', 'applying'];

/** The company's imports that are not over. */
export function runningImports(db: Firestore, companyId: string): Query {
  return db.collection(paths.imports(companyId)).where('state', 'in', RUNNING);
}
