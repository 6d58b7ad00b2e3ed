import { FieldValue, type Firestore } from '@google-cloud/firestore';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import { AppError } from '../domain/errors.ts';
import { isId, keyedId, randomId } from '../domain/ids.ts';
import type { Clock } from '../domain/time.ts';
import type { ConnectionSecrets } from './platform.ts';
import type { ShopifyApp } from './shopify-app.ts';
import { newConnection, shopOf, StoredConnection } from './stored-connection.ts';

/** A commerce platform of a company, ready to verify what it sends. */
export interface Connection {
  id: string;
  companyId: string;
  secrets: ConnectionSecrets;
  /** The company has asked for its deletion and takes nothing in. */
  closing: boolean;
}

/** What is sealed of a connection: which platform it is, what it verifies with, and what its API is called with. */
const Secrets = z.discriminatedUnion('platform', [
  z.strictObject({
    platform: z.literal('shopify'),
    secrets: z.array(z.string()),
    shop: z.string(),
    token: z.string().exactOptional(),
    scopes: z.array(z.string()).exactOptional(),
  }),
  z.strictObject({
    platform: z.literal('standard'),
    secrets: z.array(z.string()),
    publicKeys: z.array(z.string()),
  }),
  z.strictObject({
    platform: z.literal('woocommerce'),
    secrets: z.array(z.string()),
    site: z.string(),
    consumerKey: z.string(),
    consumerSecret: z.string(),
  }),
  z.strictObject({
    platform: z.literal('bigcommerce'),
    secrets: z.array(z.string()),
    storeHash: z.string(),
    token: z.string(),
  }),
]);

const REMEMBERED_MS = 30_000;
/** Whoever sends wrong signatures makes us read no more often than this. */
const JUST_NOW_MS = 1_000;
const MOST_REMEMBERED = 1000;

interface FinderDeps {
  db: Firestore;
  keyring: Keyring;
  now: Clock;
  /** Its secrets sign for every shop that has installed it. */
  shopifyApp?: ShopifyApp | undefined;
}

/** `anew`: what is remembered did not fit, so it is read again, unless that was just now. */
export type FindConnection = (connectionId: string, anew?: 'anew') => Promise<Connection | undefined>;

/** Finds connections by id. What was found is remembered for 30 seconds, or until a signature does not fit it. */
export function connectionFinder(deps: FinderDeps): FindConnection {
  const known = new LRUCache<string, { connection: Connection; readAt: number }>({ max: MOST_REMEMBERED });
  return async (connectionId, anew) => {
    if (!isId('connection', connectionId)) return undefined;
    const kept = known.get(connectionId);
    const holds = anew === undefined ? REMEMBERED_MS : JUST_NOW_MS;
    if (kept !== undefined && deps.now() - kept.readAt < holds) return kept.connection;
    const readAt = deps.now();
    const connection = await readConnection(connectionId, deps);
    if (connection === undefined) known.delete(connectionId);
    else known.set(connectionId, { connection, readAt });
    return connection;
  };
}

async function readConnection(
  id: string,
  { db, keyring, now, shopifyApp }: FinderDeps,
): Promise<Connection | undefined> {
  const ref = (await db.doc(paths.connectionRef(id)).get()).data() as { companyId: string } | undefined;
  if (ref === undefined) return undefined;
  const [found, company] = await db.getAll(
    db.doc(paths.connection(ref.companyId, id)),
    db.doc(paths.company(ref.companyId)),
  );
  if (found?.exists !== true) return undefined;
  const stored = StoredConnection.parse(found.data());
  const { closing = null } = (company?.data() ?? {}) as { closing?: object | null };
  const opened = await openSecrets({ companyId: ref.companyId, id }, stored, { keyring, now });
  const secrets =
    opened.platform === 'shopify' && shopifyApp !== undefined
      ? { ...opened, secrets: [...opened.secrets, ...shopifyApp.secrets] }
      : opened;
  return { id, companyId: ref.companyId, secrets, closing: closing !== null };
}

/** Opens what is sealed of a connection. Of the secrets that verify, one that was replaced counts until its time is over. */
export async function openSecrets(
  { companyId, id }: { companyId: string; id: string },
  stored: Pick<StoredConnection, 'sealed' | 'overlapUntil'>,
  { keyring, now }: { keyring: Keyring; now: Clock },
): Promise<ConnectionSecrets> {
  const opened = await keyring.openSecret(companyId, purposeOf(id), stored.sealed);
  const secrets = Secrets.safeParse(JSON.parse(opened.toString('utf8')));
  opened.fill(0);
  if (!secrets.success) throw new AppError('SEAL_BROKEN');
  const over = stored.overlapUntil !== null && Date.parse(stored.overlapUntil) <= now();
  return over ? { ...secrets.data, secrets: secrets.data.secrets.slice(0, 1) } : secrets.data;
}

export async function sealSecrets(
  { companyId, id }: { companyId: string; id: string },
  secrets: ConnectionSecrets,
  keyring: Keyring,
): Promise<Buffer> {
  const plain = Buffer.from(JSON.stringify(secrets), 'utf8');
  try {
    return await keyring.sealSecret(companyId, purposeOf(id), plain);
  } finally {
    plain.fill(0);
  }
}

/**
 * A company's connection to a shop has the same id whenever it is made: a shop that is connected twice would bring each
 * order twice, and one that comes back after it was removed would bring again what is here, or was erased. A sender that
 * names no shop gets a fresh one.
 */
export async function connectionIdOf(
  companyId: string,
  secrets: ConnectionSecrets,
  keyring: Pick<Keyring, 'lookup'>,
): Promise<string> {
  const shop = shopOf(secrets);
  if (shop === null) return randomId('connection');
  // The part of an address behind the host is another shop when its case is another one; a host is not.
  const name =
    secrets.platform === 'woocommerce' ? new URL(shop).href.replace(/\/+$/, '') : shop.toLowerCase();
  return keyedId(
    'connection',
    (await keyring.lookup()).hash('connection', companyId, secrets.platform, name),
  );
}

/** Stores a connection, its secrets sealed under the company's key for this connection alone. */
export async function storeConnection(
  connection: Omit<Connection, 'closing'>,
  deps: { db: Firestore; keyring: Keyring; now: Clock },
): Promise<void> {
  const { id, companyId, secrets } = connection;
  const stored = newConnection(
    { id, companyId, secrets },
    await sealSecrets(connection, secrets, deps.keyring),
    deps,
  );
  const batch = deps.db.batch();
  batch.set(deps.db.doc(paths.connectionRef(id)), { companyId });
  batch.set(deps.db.doc(paths.connection(companyId, id)), stored);
  if (secrets.platform === 'shopify') {
    const ref = deps.db.doc(paths.shopRef(await shopHash(secrets.shop, deps.keyring)));
    batch.set(ref, inShopRef(companyId, id), { merge: true });
  }
  await batch.commit();
}

/**
 * What `shopRefs/{hash}` gets for a connection, and keeps when that is removed: a shop's orders are erased long after.
 * `companies` is by what it is found when a company is deleted.
 */
export function inShopRef(companyId: string, connectionId: string) {
  return {
    connections: FieldValue.arrayUnion({ companyId, connectionId }),
    companies: FieldValue.arrayUnion(companyId),
  };
}

/** A shop's name in `shopRefs`, by which it is found when Shopify names it alone. */
export async function shopHash(shop: string, keyring: Pick<Keyring, 'lookup'>): Promise<string> {
  return (await keyring.lookup()).hash('shop', shop.toLowerCase()).toString('hex');
}

function purposeOf(connectionId: string): string {
  return `connection/${connectionId}`;
}
