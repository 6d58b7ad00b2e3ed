import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { FieldValue, type Firestore } from '@google-cloud/firestore';
import type { z } from 'zod';
import type { StoredCompany } from '../shared/accounts/documents.ts';
import { addMember, newMember } from '../shared/accounts/member-store.ts';
import { createPasswords } from '../shared/accounts/passwords.ts';
import type { StoredProduct } from '../shared/catalogue/stored-product.ts';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore, paths } from '../shared/cloud/firestore.ts';
import { type Keyring, openKeyring } from '../shared/cloud/keyring.ts';
import { connectionIdOf, storeConnection } from '../shared/commerce/connections.ts';
import type { ConnectionSecrets } from '../shared/commerce/platform.ts';
import { API_KEY_SCOPES } from '../shared/domain/api-key.ts';
import { randomId } from '../shared/domain/ids.ts';
import { connectedSide } from '../shared/domain/partner.ts';
import { MAIN_PLACE, type StoredStock } from '../shared/domain/stock.ts';
import { timestamp } from '../shared/domain/time.ts';
import { storeApiKey } from '../shared/http/authenticate.ts';
import type { Cloud } from './cloud.ts';
import type { DemoFile, DemoMerchant } from './demo-file.ts';

/** A product as it may be stored: what it lacks is as it is by default. */
export type SeedProduct = z.input<typeof StoredProduct>;

/** What the demo supplier sells: two of the three SKUs of the sample order. */
const SUPPLIER_PRODUCTS: SeedProduct[] = [
  { sku: 'IPOD2008GREEN', title: 'iPod Nano 8 GB, green', price: 15_000, currency: 'USD', active: true },
  { sku: 'IPOD2008RED', title: 'iPod Nano 8 GB, red', price: 15_500, currency: 'USD', active: true },
];

export interface SeedDeps {
  db: Firestore;
  keyring: Keyring;
  now: () => number;
}

/** The launcher's own way to the cloud, with every right, as a person with all of them would have. */
export function seedDeps(cloud: Pick<Cloud, 'envOf'>): SeedDeps {
  const config = readConfig(cloud.envOf('seed'));
  const db = openFirestore(config, '(default)');
  return { db, keyring: openKeyring(config, { now: Date.now }), now: Date.now };
}

/** Two test companies that are connected: a retailer with two shops, and the supplier of some of what it sells. */
export async function seedDemo(cloud: Pick<Cloud, 'envOf' | 'baseUrl'>): Promise<DemoFile> {
  const deps = seedDeps(cloud);
  // Made here, once and for all: no function has the right to wrap a key of its own by KMS.
  await deps.keyring.lookup();
  const retailer = await seedCompany('Demo retailer', 'retailer@demo.example', deps);
  const supplier = await seedCompany('Demo supplier', 'supplier@demo.example', deps);
  const partnerId = await connectCompanies(retailer.companyId, supplier.companyId, deps);
  await seedProducts(supplier.companyId, SUPPLIER_PRODUCTS, deps);

  const shop = 'strongroom-demo.myshopify.com';
  const appSecret = randomBytes(32).toString('hex');
  const shopify: ConnectionSecrets = { platform: 'shopify', secrets: [appSecret], shop };
  const shopifyId = await seedConnection(retailer.companyId, shopify, deps);
  const { secret, publicKey, privateKey } = standardKeys();
  const standard: ConnectionSecrets = { platform: 'standard', secrets: [secret], publicKeys: [publicKey] };
  const standardId = await seedConnection(retailer.companyId, standard, deps);
  const url = (id: string): string => `${cloud.baseUrl}/webhooks/${id}`;
  return {
    baseUrl: cloud.baseUrl,
    retailer,
    supplier,
    partnerId,
    connections: {
      shopify: { id: shopifyId, shop, url: url(shopifyId), secret: appSecret },
      standard: { id: standardId, url: url(standardId), secret, publicKey, privateKey },
    },
  };
}

/** A test company with its key, an owner without a second factor, and one API key that has every scope. */
export async function seedCompany(name: string, email: string, deps: SeedDeps): Promise<DemoMerchant> {
  const companyId = randomId('company');
  await deps.keyring.createCompanyKey(companyId);
  const createdAt = timestamp(deps.now);
  const password = randomBytes(18).toString('base64url');
  const passwordHash = await createPasswords().hash(password);
  const memberId = randomId('member');
  const owner = await newMember({ companyId, memberId, email, role: 'owner', passwordHash }, deps);
  const batch = deps.db.batch();
  const company: StoredCompany = { name, mode: 'test', createdAt, closing: null };
  batch.create(deps.db.doc(paths.company(companyId)), company);
  addMember(batch, owner, deps);
  await batch.commit();
  const key = { companyId, mode: 'test', name: 'demo', scopes: API_KEY_SCOPES, expiresAt: null } as const;
  const { apiKey } = await storeApiKey(deps.db, key, deps.now);
  return { companyId, apiKey, email, password };
}

/** Connects a retailer to a supplier; both know the connection by the same id. */
export async function connectCompanies(retailer: string, supplier: string, deps: SeedDeps): Promise<string> {
  const partnerId = randomId('partner');
  const at = timestamp(deps.now);
  const batch = deps.db.batch();
  batch.create(deps.db.doc(paths.partner(retailer, partnerId)), connectedSide(supplier, 'supplier', at));
  batch.create(deps.db.doc(paths.partner(supplier, partnerId)), connectedSide(retailer, 'retailer', at));
  batch.create(deps.db.doc(paths.partnerPair(retailer, supplier)), { partnerId });
  await batch.commit();
  return partnerId;
}

export async function seedProducts(
  companyId: string,
  products: SeedProduct[],
  deps: SeedDeps,
): Promise<void> {
  const batch = deps.db.batch();
  for (const product of products) {
    const ref = deps.db.doc(paths.product(companyId, product.sku));
    batch.set(ref, { ...product, changedAt: FieldValue.serverTimestamp() });
  }
  await batch.commit();
}

/** What a company has of each SKU, in one place. From then on it is tracked. */
export async function seedStock(
  companyId: string,
  onHand: Record<string, number>,
  deps: Pick<SeedDeps, 'db' | 'now'>,
): Promise<void> {
  const batch = deps.db.batch();
  for (const [sku, quantity] of Object.entries(onHand)) {
    const stock: StoredStock = {
      ...{ companyId, sku, places: { [MAIN_PLACE]: quantity }, reserved: 0, waiting: 0 },
      updatedAt: timestamp(deps.now),
    };
    batch.set(deps.db.doc(paths.stock(companyId, sku)), stock);
  }
  await batch.commit();
}

/** The demo supplier has plenty of both, and counts it. */
export function seedDemoStock(demo: DemoFile, deps: SeedDeps): Promise<void> {
  const onHand = Object.fromEntries(SUPPLIER_PRODUCTS.map(({ sku }) => [sku, 100_000]));
  return seedStock(demo.supplier.companyId, onHand, deps);
}

export async function seedConnection(
  companyId: string,
  secrets: ConnectionSecrets,
  deps: SeedDeps,
): Promise<string> {
  const id = await connectionIdOf(companyId, secrets, deps.keyring);
  await storeConnection({ id, companyId, secrets }, deps);
  return id;
}

/** `whsec_` for `v1`; an Ed25519 pair as `whpk_` and `whsk_` for `v1a`, raw keys in base64. */
export function standardKeys(): { secret: string; publicKey: string; privateKey: string } {
  const pair = generateKeyPairSync('ed25519');
  const raw = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url');
  const jwk = pair.privateKey.export({ format: 'jwk' });
  const x = raw(jwk.x);
  // The Standard Webhooks libraries take the private key as libsodium does: seed, then public key.
  return {
    secret: `whsec_${randomBytes(32).toString('base64')}`,
    publicKey: `whpk_${x.toString('base64')}`,
    privateKey: `whsk_${Buffer.concat([raw(jwk.d), x]).toString('base64')}`,
  };
}
