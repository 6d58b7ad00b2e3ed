import { createHash, randomBytes } from 'node:crypto';
import { type Firestore, Timestamp, type Transaction } from '@google-cloud/firestore';
import { addEntry, type Beside } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { checkTarget, type StandIns } from '../cloud/egress-target.ts';
import type { Egress } from '../cloud/egress.ts';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import type { Log } from '../cloud/log.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import { AppError, badFields } from '../domain/errors.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { noteHealth } from './connection-health.ts';
import { connectionIdOf, sealSecrets } from './connections.ts';
import type { ConnectionSecrets } from './platform.ts';
import { isOfTheShop } from './pull-order.ts';
import { shopWebhooks, webhookAddress } from './shop-webhooks.ts';
import { authorizeUrl, type ShopifyApp } from './shopify-app.ts';
import { newConnection, StoredConnection } from './stored-connection.ts';

export interface ConnectDeps {
  db: Firestore;
  keyring: Keyring;
  publisher: Pick<Publisher, 'pull'>;
  egress: Egress;
  standIns: StandIns;
  /** `undefined` where the hub has no app at Shopify. */
  shopifyApp: ShopifyApp | undefined;
  baseUrl: string;
  log: Log;
  now: Clock;
}

/**
 * Who acts on a connection: the merchant, by a member or a key. This is the one place to ask at for approval, should
 * staff ever be let in: everything that changes a connection takes one of these.
 */
export interface Merchant {
  companyId: string;
  actor: { type: 'api_key' | 'member'; id: string };
  requestId: string;
}

/** What a merchant gives to connect a shop. */
export type NewConnection = { name: string } & (
  | { platform: 'shopify'; shop: string }
  | { platform: 'woocommerce'; site: string; consumerKey: string; consumerSecret: string }
  | { platform: 'bigcommerce'; storeHash: string; accessToken: string; clientSecret: string }
  | { platform: 'standard'; publicKey: string | null }
);

export interface Connected {
  id: string;
  stored: StoredConnection;
  entry: AuditEntry;
  /** Shown this once: what a Standard Webhooks sender signs with. */
  secret?: string;
  /** Where the merchant agrees, at Shopify. */
  authorizeUrl?: string;
}

/** How long a merchant may take to agree. */
const STATE_MS = 60 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

/**
 * Connects a shop: asks it whether it takes the credentials, seals them, makes the webhooks. `SHOP_REFUSED` or
 * `SHOP_UNAVAILABLE` before anything is stored; webhooks that could not be made are made by the next poll. A shop that is
 * here already is a `CONFLICT`; one that took our app out is connected again, and goes on where it was. At Shopify that is
 * up to its merchant, who may also agree anew to an app that is there.
 */
export async function connect(
  merchant: Merchant,
  asked: NewConnection,
  deps: ConnectDeps,
  beside?: Beside,
): Promise<Connected> {
  const { companyId } = merchant;
  const secrets = secretsOf(asked, deps);
  const id = await connectionIdOf(companyId, secrets, deps.keyring);
  const webhooks = shopWebhooks(secrets, deps);
  await webhooks?.check();
  const sealed = await sealSecrets({ companyId, id }, secrets, deps.keyring);
  const fresh = newConnection({ id, companyId, secrets, name: asked.name }, sealed, deps);
  const state = secrets.platform === 'shopify' ? randomBytes(32).toString('hex') : undefined;
  if (state !== undefined) fresh.state = 'pending';

  const { stored, entry } = await deps.db.runTransaction(async (tx) => {
    const written = await putConnection(tx, { id, companyId }, fresh, deps);
    if (state !== undefined) {
      const until = deps.now() + STATE_MS;
      tx.create(deps.db.doc(paths.shopifyState(stateHash(state))), {
        ...{ companyId, connectionId: id, actor: merchant.actor, until },
        ...{ expireAt: Timestamp.fromMillis(until + DAY_MS) },
      });
    }
    beside?.(tx, id);
    const { action, stored } = written;
    return { stored, entry: addEntry(tx, aboutConnection(merchant, id, action), deps) };
  });

  await makeWebhooks({ id, companyId, secrets }, stored, deps);
  const shown = { id, stored, entry };
  if (secrets.platform === 'standard') return { ...shown, secret: secrets.secrets[0] ?? '' };
  if (secrets.platform !== 'shopify' || state === undefined || deps.shopifyApp === undefined) return shown;
  const callback = `${deps.baseUrl}/v1/connections/shopify/callback`;
  return { ...shown, authorizeUrl: authorizeUrl(deps.shopifyApp, secrets.shop, state, callback) };
}

/** Makes the document, or takes up the one that is there; of Shopify's, the token stays until its merchant agreed. */
async function putConnection(
  tx: Transaction,
  { id, companyId }: { id: string; companyId: string },
  fresh: StoredConnection,
  { db }: ConnectDeps,
): Promise<{ stored: StoredConnection; action: 'connection.created' | 'connection.changed' }> {
  const ref = db.doc(paths.connection(companyId, id));
  const found = await tx.get(ref);
  if (!found.exists) {
    tx.set(db.doc(paths.connectionRef(id)), { companyId });
    tx.create(ref, fresh);
    return { stored: fresh, action: 'connection.created' };
  }
  const before = StoredConnection.parse(found.data());
  const { platform, sealed, name, agreedAt } = fresh;
  if (platform !== 'shopify' && before.state === 'active') {
    throw new AppError('CONFLICT', `this shop is connected already, as ${id}`);
  }
  const fields = {
    ...(name !== '' && { name }),
    ...(platform !== 'shopify' && { sealed, state: 'active' as const, agreedAt, overlapUntil: null }),
  };
  if (Object.keys(fields).length > 0) tx.update(ref, fields);
  return { stored: { ...before, ...fields }, action: 'connection.changed' };
}

/** The shop takes its time or is away for a moment: the poll looks again, and the health tells of it. */
export async function makeWebhooks(
  connection: { id: string; companyId: string; secrets: ConnectionSecrets },
  stored: StoredConnection,
  deps: ConnectDeps,
): Promise<void> {
  const webhooks = shopWebhooks(connection.secrets, deps);
  if (webhooks === undefined) return;
  const at = timestamp(deps.now);
  try {
    await webhooks.ensure(webhookAddress(deps.baseUrl, connection.id));
    Object.assign(stored.health, { subscription: 'present', checkedAt: at, lastFailure: null });
  } catch (error) {
    if (!isOfTheShop(error)) throw error;
    Object.assign(stored.health, { subscription: 'missing', lastFailure: { at, code: error.code } });
  }
  await noteHealth(connection, stored.health, deps);
}

export function aboutConnection(
  { companyId, actor, requestId }: Merchant,
  id: string,
  action: 'connection.created' | 'connection.changed' | 'connection.rotated' | 'connection.removed',
): Omit<AuditEntry, 'id' | 'at'> {
  const record = { type: 'connection', id } as const;
  return { companyId, actor, requestId, action, record, result: 'done', facts: {} };
}

export function stateHash(state: string): string {
  return createHash('sha256').update(state).digest('hex');
}

export function newWebhookSecret(platform: 'standard' | 'woocommerce'): string {
  return platform === 'standard'
    ? `whsec_${randomBytes(32).toString('base64')}`
    : randomBytes(32).toString('hex');
}

function secretsOf(asked: NewConnection, { standIns, shopifyApp }: ConnectDeps): ConnectionSecrets {
  switch (asked.platform) {
    case 'shopify':
      if (shopifyApp === undefined) throw new AppError('CONFLICT', 'this hub has no app at Shopify');
      return { platform: 'shopify', secrets: [], shop: asked.shop };
    case 'woocommerce': {
      const site = asked.site.replace(/\/+$/, '');
      const why = site.includes('?') ? 'a query (?) stands in the address' : checkTarget(site, { standIns });
      if (why !== undefined) throw badFields({ path: 'site', message: why });
      const { consumerKey, consumerSecret } = asked;
      const secrets = [newWebhookSecret('woocommerce')];
      return { platform: 'woocommerce', secrets, site, consumerKey, consumerSecret };
    }
    case 'bigcommerce': {
      const { storeHash, accessToken: token, clientSecret } = asked;
      return { platform: 'bigcommerce', secrets: [clientSecret], storeHash, token };
    }
    case 'standard': {
      const publicKeys = asked.publicKey === null ? [] : [asked.publicKey];
      return { platform: 'standard', secrets: [newWebhookSecret('standard')], publicKeys };
    }
  }
}
