import { FieldValue, type Timestamp, type WriteBatch } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { Attest } from '../cloud/attest.ts';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import type { Log } from '../cloud/log.ts';
import { AppError } from '../domain/errors.ts';
import type { KeyringCopies } from '../domain/keyring-copies.ts';
import type { ErasureMessage } from '../domain/order.ts';
import { timestamp } from '../domain/time.ts';
import { certify, horizonAfter } from './certificate.ts';
import { type DestroyDeps, destroyOrder, removeView } from './destroy.ts';
import { confirmSlot, type StoredErasure } from './erasure.ts';
import { type Acting, alreadyGone } from './order-store.ts';

export interface EraseDeps extends DestroyDeps {
  keyring: Pick<Keyring, 'destroyRecordKey' | 'unshare' | 'recordKeyExists'>;
  attest: Attest;
  copies: KeyringCopies;
  /** The issuer that certificates name. */
  issuer: string;
  log: Log;
}

/** How many orders of one erasure are worked on at once. */
const AT_ONCE = 8;

/**
 * Carries an erasure one step on: what is pending is destroyed and certified, what is past its horizon is confirmed.
 * Run again at any point it ends the same.
 */
export async function erase(message: ErasureMessage, acting: Acting, deps: EraseDeps): Promise<void> {
  const { companyId, erasureId } = message;
  const found = await deps.db.doc(paths.erasure(companyId, erasureId)).get();
  const erasure = found.data() as StoredErasure | undefined;
  if (erasure === undefined || found.updateTime === undefined) return;
  const read = { id: erasureId, erasure, version: found.updateTime };
  if (erasure.state === 'pending') await destroyAll(read, acting, deps);
  else if (erasure.state === 'destroyed') await confirm(read, acting, deps);
}

interface ReadErasure {
  id: string;
  erasure: StoredErasure;
  version: Timestamp;
}

async function destroyAll(read: ReadErasure, acting: Acting, deps: EraseDeps): Promise<void> {
  const { id, erasure, version } = read;
  const { companyId } = erasure;
  await inTurns(erasure.orders, (orderId) => destroyOrder({ companyId, orderId }, id, acting, deps));
  await inTurns(erasure.views, (orderId) => removeView({ companyId, orderId }, id, acting, deps));
  const destroyedAt = timestamp(deps.now);
  const horizon = await horizonAfter(destroyedAt, deps.copies);
  const certificate = await certify(id, { ...erasure, destroyedAt, horizon }, 'destroyed', destroyedAt, deps);
  const batch = deps.db.batch();
  const destroyed = { state: 'destroyed', destroyedAt, horizon, certificate, due: FieldValue.delete() };
  batch.update(
    deps.db.doc(paths.erasure(companyId, id)),
    { ...destroyed, confirmDue: confirmSlot(horizon) },
    { lastUpdateTime: version },
  );
  await commitFirst(batch);
  for (const orderId of erasure.orders) deps.log.orderErased(orderId, companyId);
}

/** Past the horizon: looks that no key came back and no copy is left, and replaces the certificate by one that says so. */
async function confirm(read: ReadErasure, acting: Acting, deps: EraseDeps): Promise<void> {
  const { id, erasure, version } = read;
  const { companyId, destroyedAt, horizon } = erasure;
  if (destroyedAt === null || horizon === null || Date.parse(horizon) > deps.now()) return;
  for (const orderId of erasure.orders) {
    if (await deps.keyring.recordKeyExists(orderId))
      throw new AppError('INTERNAL', 'a destroyed key is back');
  }
  // Tried again every hour, and told: whatever should have purged it has not.
  if ((await deps.copies.lastOf(destroyedAt)) !== undefined) {
    throw new AppError('UNAVAILABLE', 'a backup with a destroyed key is left');
  }
  const at = timestamp(deps.now);
  const certificate = await certify(id, { ...erasure, destroyedAt, horizon }, 'confirmed', at, deps);
  const batch = deps.db.batch();
  batch.update(
    deps.db.doc(paths.erasure(companyId, id)),
    { state: 'confirmed', certificate, confirmDue: FieldValue.delete() },
    { lastUpdateTime: version },
  );
  const record = { type: 'erasure', id } as const;
  const facts = { orders: erasure.orders.length + erasure.views.length };
  addEntry(batch, { companyId, ...acting, action: 'erasure.confirmed', record, result: 'done', facts }, deps);
  await commitFirst(batch);
}

/** Of two runs at once the first one's certificate stands, and the other has nothing left to say. */
async function commitFirst(batch: WriteBatch): Promise<void> {
  await batch.commit().catch((error: unknown) => {
    if (!alreadyGone(error)) throw error;
  });
}

async function inTurns(ids: string[], step: (id: string) => Promise<void>): Promise<void> {
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    await Promise.all(ids.slice(from, from + AT_ONCE).map(step));
  }
}
