import type { Firestore } from '@google-cloud/firestore';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import { AppError } from '../domain/errors.ts';
import { isId } from '../domain/ids.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import type { ConnectionSecrets } from './platform.ts';

/** A commerce platform of a company, ready to verify what it sends. */
export interface Connection {
  id: string;
  companyId: string;
  secrets: ConnectionSecrets;
  /** The company has asked for its deletion and takes nothing in. */
  closing: boolean;
}

/** What is sealed of a connection: which platform it is, and what it verifies with. */
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
]);

/** `companies/{companyId}/connections/{connectionId}`. `connectionRefs/{connectionId}` holds the company alone. */
interface StoredConnection {
  platform: ConnectionSecrets['platform'];
  sealed: Buffer;
  createdAt: string;
}

const REMEMBERED_MS = 30_000;
const MOST_REMEMBERED = 1000;

export type FindConnection = (connectionId: string) => Promise<Connection | undefined>;

/** Finds connections by id. What was found is remembered for 30 seconds, so a rotated secret counts within that. */
export function connectionFinder(deps: { db: Firestore; keyring: Keyring; now: Clock }): FindConnection {
  const known = new LRUCache<string, { connection: Connection; readAt: number }>({ max: MOST_REMEMBERED });
  return async (connectionId) => {
    if (!isId('connection', connectionId)) return undefined;
    const kept = known.get(connectionId);
    if (kept !== undefined && deps.now() - kept.readAt < REMEMBERED_MS) return kept.connection;
    const readAt = deps.now();
    const connection = await readConnection(connectionId, deps);
    if (connection === undefined) known.delete(connectionId);
    else known.set(connectionId, { connection, readAt });
    return connection;
  };
}

async function readConnection(
  id: string,
  { db, keyring }: { db: Firestore; keyring: Keyring },
): Promise<Connection | undefined> {
  const ref = (await db.doc(paths.connectionRef(id)).get()).data() as { companyId: string } | undefined;
  if (ref === undefined) return undefined;
  const [found, company] = await db.getAll(
    db.doc(paths.connection(ref.companyId, id)),
    db.doc(paths.company(ref.companyId)),
  );
  const stored = found?.data() as StoredConnection | undefined;
  const { closing = null } = (company?.data() ?? {}) as { closing?: object | null };
  if (stored === undefined) return undefined;
  const opened = await keyring.openSecret(ref.companyId, purposeOf(id), stored.sealed);
  const secrets = Secrets.safeParse(JSON.parse(opened.toString('utf8')));
  opened.fill(0);
  if (!secrets.success) throw new AppError('SEAL_BROKEN');
  return { id, companyId: ref.companyId, secrets: secrets.data, closing: closing !== null };
}

/** Stores a connection, its secrets sealed under the company's key for this connection alone. */
export async function storeConnection(
  connection: Omit<Connection, 'closing'>,
  deps: { db: Firestore; keyring: Keyring; now: Clock },
): Promise<void> {
  const { id, companyId, secrets } = connection;
  const plain = Buffer.from(JSON.stringify(secrets), 'utf8');
  const sealed = await deps.keyring.sealSecret(companyId, purposeOf(id), plain);
  plain.fill(0);
  const batch = deps.db.batch();
  batch.set(deps.db.doc(paths.connectionRef(id)), { companyId });
  batch.set(deps.db.doc(paths.connection(companyId, id)), {
    platform: secrets.platform,
    sealed,
    createdAt: timestamp(deps.now),
  } satisfies StoredConnection);
  await batch.commit();
}

function purposeOf(connectionId: string): string {
  return `connection/${connectionId}`;
}
