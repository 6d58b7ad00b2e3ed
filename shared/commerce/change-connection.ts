import { FieldPath, type Firestore } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError, badFields } from '../domain/errors.ts';
import { timestamp } from '../domain/time.ts';
import {
  aboutConnection,
  type ConnectDeps,
  makeWebhooks,
  type Merchant,
  newWebhookSecret,
} from './connect.ts';
import { openSecrets, sealSecrets } from './connections.ts';
import type { ConnectionSecrets } from './platform.ts';
import { isOfTheShop } from './pull-order.ts';
import { shopWebhooks, webhookAddress } from './shop-webhooks.ts';
import { StoredConnection } from './stored-connection.ts';

/** What a merchant can change: the name, and what the shop's API is called with. */
export interface ConnectionChange {
  name?: string | undefined;
  consumerKey?: string | undefined;
  consumerSecret?: string | undefined;
  accessToken?: string | undefined;
  clientSecret?: string | undefined;
}

interface Read {
  stored: StoredConnection;
  secrets: ConnectionSecrets;
}

/** For how long a secret that was replaced is taken beside the new one. */
export const OVERLAP_MS = 24 * 60 * 60_000;

/** `NOT_FOUND` when the company has no such connection. */
export async function readConnection(
  db: Firestore,
  companyId: string,
  id: string,
): Promise<StoredConnection> {
  const found = await db.doc(paths.connection(companyId, id)).get();
  if (!found.exists) throw new AppError('NOT_FOUND');
  return StoredConnection.parse(found.data());
}

/** Up to `limit` connections of a company, the newest first, after a place in the list. */
export async function listConnections(
  db: Firestore,
  companyId: string,
  page: { limit: number; after: [createdAt: string, id: string] | undefined },
): Promise<{ id: string; stored: StoredConnection }[]> {
  let query = db
    .collection(paths.connections(companyId))
    .orderBy('createdAt', 'desc')
    .orderBy(FieldPath.documentId(), 'desc');
  if (page.after !== undefined) query = query.startAfter(...page.after);
  const found = await query.limit(page.limit).get();
  return found.docs.map((doc) => ({ id: doc.id, stored: StoredConnection.parse(doc.data()) }));
}

/** Changes the name, or gives a shop other credentials, which the shop is asked about first. */
export async function changeConnection(
  merchant: Merchant,
  id: string,
  change: ConnectionChange,
  deps: ConnectDeps,
): Promise<{ stored: StoredConnection; entry: AuditEntry }> {
  const { companyId } = merchant;
  const before = await read(companyId, id, deps);
  const secrets = withCredentials(before.secrets, change);
  const given = secrets !== before.secrets;
  if (given) await shopWebhooks(secrets, deps)?.check();
  const rotated = secrets.secrets[0] !== before.secrets.secrets[0];
  const fields = {
    ...(change.name !== undefined && { name: change.name }),
    ...(given && {
      sealed: await sealSecrets({ companyId, id }, secrets, deps.keyring),
      state: 'active' as const,
      agreedAt: timestamp(deps.now),
    }),
    ...(rotated && { overlapUntil: until(deps) }),
  };
  const entry = await write(merchant, id, before, fields, 'connection.changed', deps);
  const stored = { ...before.stored, ...fields };
  if (given) {
    await makeWebhooks({ id, companyId, secrets }, stored, deps);
    await deps.publisher.pull({ companyId, connectionId: id }).catch(() => undefined);
  }
  return { stored, entry };
}

/**
 * Another secret for the webhooks; the one before is taken for a day longer. `CONFLICT` where the platform's own secret
 * signs: that one is changed there, and given to us with `changeConnection`.
 */
export async function rotateSecret(
  merchant: Merchant,
  id: string,
  deps: ConnectDeps,
): Promise<{ stored: StoredConnection; entry: AuditEntry; secret?: string }> {
  const { companyId } = merchant;
  const before = await read(companyId, id, deps);
  const { platform } = before.secrets;
  if (platform !== 'standard' && platform !== 'woocommerce') {
    throw new AppError('CONFLICT', 'the platform signs with a secret of its own, which is changed there');
  }
  const secret = newWebhookSecret(platform);
  const secrets = { ...before.secrets, secrets: [secret, ...before.secrets.secrets.slice(0, 1)] };
  const sealed = await sealSecrets({ companyId, id }, secrets, deps.keyring);
  const fields = { sealed, overlapUntil: until(deps) };
  const entry = await write(merchant, id, before, fields, 'connection.rotated', deps);
  const stored = { ...before.stored, ...fields };
  if (platform === 'standard') return { stored, entry, secret };
  try {
    await shopWebhooks(secrets, deps)?.rekey(webhookAddress(deps.baseUrl, id), secret);
  } catch (error) {
    if (!isOfTheShop(error)) throw error;
    throw new AppError(error.code, 'the shop still signs with the secret of before; rotate again', {
      cause: error,
    });
  }
  return { stored, entry };
}

/** Takes a connection away. Its webhooks go too, where the shop lets us; its orders stay. */
export async function removeConnection(
  merchant: Merchant,
  id: string,
  deps: ConnectDeps,
): Promise<AuditEntry> {
  const { companyId } = merchant;
  const before = await read(companyId, id, deps);
  try {
    await shopWebhooks(before.secrets, deps)?.remove(webhookAddress(deps.baseUrl, id));
  } catch (error) {
    // A shop that is gone can not keep its merchant from removing it here.
    if (!isOfTheShop(error)) throw error;
  }
  const batch = deps.db.batch();
  batch.delete(deps.db.doc(paths.connection(companyId, id)));
  batch.delete(deps.db.doc(paths.connectionRef(id)));
  const entry = addEntry(batch, aboutConnection(merchant, id, 'connection.removed'), deps);
  await batch.commit();
  return entry;
}

async function read(companyId: string, id: string, deps: ConnectDeps): Promise<Read> {
  const stored = await readConnection(deps.db, companyId, id);
  return { stored, secrets: await openSecrets({ companyId, id }, stored, deps) };
}

/** `CONFLICT` when somebody else changed what is sealed since it was read: a secret must not get lost. */
async function write(
  merchant: Merchant,
  id: string,
  before: Read,
  fields: Partial<StoredConnection>,
  action: 'connection.changed' | 'connection.rotated',
  deps: ConnectDeps,
): Promise<AuditEntry> {
  const ref = deps.db.doc(paths.connection(merchant.companyId, id));
  return deps.db.runTransaction(async (tx) => {
    const found = await tx.get(ref);
    if (!found.exists) throw new AppError('NOT_FOUND');
    const now = StoredConnection.parse(found.data());
    if (!now.sealed.equals(before.stored.sealed)) {
      throw new AppError('CONFLICT', 'the connection was changed at the same time; try again');
    }
    tx.update(ref, fields);
    return addEntry(tx, aboutConnection(merchant, id, action), deps);
  });
}

function until({ now }: ConnectDeps): string {
  return new Date(now() + OVERLAP_MS).toISOString();
}

/** The same secrets when no credential is named; `BAD_REQUEST` for one that this platform does not have. */
function withCredentials(secrets: ConnectionSecrets, change: ConnectionChange): ConnectionSecrets {
  const { name: _name, ...credentials } = change;
  const named = Object.entries(credentials).filter(([, value]) => value !== undefined);
  if (named.length === 0) return secrets;
  const own: readonly string[] = {
    woocommerce: ['consumerKey', 'consumerSecret'],
    bigcommerce: ['accessToken', 'clientSecret'],
    shopify: [],
    standard: [],
  }[secrets.platform];
  const foreign = named.filter(([field]) => !own.includes(field));
  if (foreign.length > 0) {
    throw badFields(...foreign.map(([path]) => ({ path, message: 'is not of this platform' })));
  }
  if (secrets.platform === 'woocommerce') {
    const { consumerKey = secrets.consumerKey, consumerSecret = secrets.consumerSecret } = change;
    return { ...secrets, consumerKey, consumerSecret };
  }
  if (secrets.platform !== 'bigcommerce') return secrets;
  const { accessToken = secrets.token, clientSecret } = change;
  const [current] = secrets.secrets;
  const kept =
    clientSecret === undefined || clientSecret === current
      ? secrets.secrets
      : [clientSecret, ...(current === undefined ? [] : [current])];
  return { ...secrets, token: accessToken, secrets: kept };
}
