import type { Firestore } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import type { Clock } from '../domain/time.ts';
import { type Connection, openSecrets, sealSecrets } from './connections.ts';
import type { ConnectionSecrets } from './platform.ts';
import { StoredConnection } from './stored-connection.ts';

const SECOND = 1000;

/**
 * The merchant has taken our app out of the shop: what its API was called with opens nothing any more and is thrown
 * away. Signed deliveries that are still on their way are taken all the same. What comes after the merchant has let us in
 * again says nothing of that: a platform repeats its news for hours.
 */
export async function uninstalled(
  connection: Connection,
  at: string | undefined,
  acting: Pick<AuditEntry, 'actor' | 'requestId'>,
  deps: { db: Firestore; keyring: Keyring; now: Clock },
): Promise<void> {
  const { id, companyId } = connection;
  const ref = deps.db.doc(paths.connection(companyId, id));
  const before = await ref.get();
  if (!before.exists) return;
  const secrets = await openSecrets(connection, StoredConnection.parse(before.data()), deps);
  const sealed = await sealSecrets(connection, withoutToken(secrets), deps.keyring);
  await deps.db.runTransaction(async (tx) => {
    const found = await tx.get(ref);
    if (!found.exists) return;
    const stored = StoredConnection.parse(found.data());
    if (stored.state === 'uninstalled' || isBefore(at, stored.agreedAt)) return;
    tx.update(ref, { state: 'uninstalled', sealed, scopes: [], 'health.subscription': 'missing' });
    const record = { type: 'connection', id } as const;
    const about = { ...acting, action: 'connection.uninstalled', record, result: 'done', facts: {} } as const;
    addEntry(tx, { companyId, ...about }, deps);
  });
}

/** By more than a second, as fine as some platforms tell time. */
function isBefore(at: string | undefined, agreedAt: string | null): boolean {
  return at !== undefined && agreedAt !== null && Date.parse(at) + SECOND < Date.parse(agreedAt);
}

/** A store's token stays in form, empty, as one can be given again. */
function withoutToken(secrets: ConnectionSecrets): ConnectionSecrets {
  if (secrets.platform === 'bigcommerce') return { ...secrets, token: '' };
  if (secrets.platform !== 'shopify') return secrets;
  return { platform: 'shopify', secrets: secrets.secrets, shop: secrets.shop };
}
