import { randomBytes } from 'node:crypto';
import { FieldPath, type Firestore } from '@google-cloud/firestore';
import { z } from 'zod';
import { addEntry, type Writer } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { checkTarget, type StandIns } from '../cloud/egress-target.ts';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import { EventType } from '../domain/delivery.ts';
import { AppError, badFields } from '../domain/errors.ts';
import { randomId } from '../domain/ids.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { MOST_ENDPOINTS } from '../outbox/targets.ts';
import type { Acting } from './delivery-store.ts';
import type { OpenEndpoint } from './send-event.ts';

/** `companies/{companyId}/endpoints/{endpointId}`. Its address and secret are sealed: the address may hold a secret too. */
export const StoredEndpoint = z.object({
  events: z.array(EventType),
  /** `gone`: it answered 410, and is told nothing any more. */
  state: z.enum(['active', 'gone']),
  sealed: z.instanceof(Buffer),
  createdAt: z.string(),
});
export type StoredEndpoint = z.infer<typeof StoredEndpoint>;

const Sealed = z.strictObject({ url: z.string(), secrets: z.array(z.string()) });

export interface EndpointView {
  id: string;
  url: string;
  events: EventType[];
  state: 'active' | 'gone';
  createdAt: string;
}

type Deps = { db: Firestore; keyring: Keyring; now: Clock };

/** Makes an endpoint with a secret that is shown once. `BAD_REQUEST` at `url`, `CONFLICT` when there are too many. */
export async function createEndpoint(
  companyId: string,
  input: { url: string; events: EventType[] },
  acting: Acting,
  deps: Deps & { standIns: StandIns },
): Promise<{ view: EndpointView; secret: string; entry: AuditEntry }> {
  const problem = checkTarget(input.url, deps);
  if (problem !== undefined) throw badFields({ path: 'url', message: problem });
  const id = randomId('endpoint');
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const sealed = await seal(companyId, id, { url: input.url, secrets: [secret] }, deps.keyring);
  const createdAt = timestamp(deps.now);
  const stored: StoredEndpoint = { events: input.events, state: 'active', sealed, createdAt };
  const entry = await deps.db.runTransaction(async (tx) => {
    const count = (await tx.get(deps.db.collection(paths.endpoints(companyId)).limit(MOST_ENDPOINTS))).size;
    if (count >= MOST_ENDPOINTS)
      throw new AppError('CONFLICT', `a company has at most ${MOST_ENDPOINTS} endpoints`);
    tx.create(deps.db.doc(paths.endpoint(companyId, id)), stored);
    return addEndpointEntry(tx, companyId, id, 'endpoint.created', acting, deps);
  });
  const { events, state } = stored;
  return { view: { id, url: input.url, events, state, createdAt }, secret, entry };
}

/** All of a company's endpoints, the newest first. */
export async function listEndpoints(
  companyId: string,
  deps: Pick<Deps, 'db' | 'keyring'>,
): Promise<EndpointView[]> {
  const query = deps.db
    .collection(paths.endpoints(companyId))
    .orderBy('createdAt', 'desc')
    .orderBy(FieldPath.documentId(), 'desc');
  const { docs } = await query.limit(MOST_ENDPOINTS).get();
  return Promise.all(
    docs.map((doc) => endpointView(companyId, doc.id, StoredEndpoint.parse(doc.data()), deps.keyring)),
  );
}

/** An endpoint without its secret; its address is opened for its own company. */
export async function endpointView(
  companyId: string,
  id: string,
  { events, state, createdAt, sealed }: StoredEndpoint,
  keyring: Pick<Keyring, 'openSecret'>,
): Promise<EndpointView> {
  const { url } = await open(companyId, id, sealed, keyring);
  return { id, url, events, state, createdAt };
}

/** `NOT_FOUND` when the company has none of this id. What is on its way to it is given up. */
export async function removeEndpoint(
  companyId: string,
  id: string,
  acting: Acting,
  deps: Pick<Deps, 'db' | 'now'>,
): Promise<AuditEntry> {
  const ref = deps.db.doc(paths.endpoint(companyId, id));
  return deps.db.runTransaction(async (tx) => {
    if (!(await tx.get(ref)).exists) throw new AppError('NOT_FOUND');
    tx.delete(ref);
    return addEndpointEntry(tx, companyId, id, 'endpoint.removed', acting, deps);
  });
}

/** For sending: the address and what it verifies with. */
export function endpointOpener({ db, keyring, now }: Deps): OpenEndpoint {
  return async (companyId, id) => {
    const ref = db.doc(paths.endpoint(companyId, id));
    const found = await ref.get();
    if (!found.exists) return undefined;
    const stored = StoredEndpoint.parse(found.data());
    if (stored.state === 'gone') return undefined;
    const gone = async (): Promise<void> => {
      const batch = db.batch();
      batch.update(ref, { state: 'gone' });
      const acting = { actor: { type: 'system', id: null }, requestId: randomId('request') } as const;
      addEndpointEntry(batch, companyId, id, 'endpoint.gone', acting, { db, now });
      await batch.commit();
    };
    return { ...(await open(companyId, id, stored.sealed, keyring)), gone };
  };
}

async function seal(
  companyId: string,
  id: string,
  secrets: z.infer<typeof Sealed>,
  keyring: Keyring,
): Promise<Buffer> {
  const plain = Buffer.from(JSON.stringify(secrets), 'utf8');
  try {
    return await keyring.sealSecret(companyId, `endpoint/${id}`, plain);
  } finally {
    plain.fill(0);
  }
}

async function open(
  companyId: string,
  id: string,
  sealed: Buffer,
  keyring: Pick<Keyring, 'openSecret'>,
): Promise<z.infer<typeof Sealed>> {
  const opened = await keyring.openSecret(companyId, `endpoint/${id}`, sealed);
  const read = Sealed.safeParse(JSON.parse(opened.toString('utf8')));
  opened.fill(0);
  if (!read.success) throw new AppError('SEAL_BROKEN');
  return read.data;
}

function addEndpointEntry(
  writer: Writer,
  companyId: string,
  id: string,
  action: 'endpoint.created' | 'endpoint.gone' | 'endpoint.removed',
  acting: Acting,
  deps: Pick<Deps, 'db' | 'now'>,
): AuditEntry {
  const record = { type: 'endpoint', id } as const;
  return addEntry(
    writer,
    { companyId, ...acting, action, record, result: 'done', facts: { endpointId: id } },
    deps,
  );
}
