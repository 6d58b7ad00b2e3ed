import { FieldValue } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import type { Attest } from '../cloud/attest.ts';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import type { Log } from '../cloud/log.ts';
import { AppError } from '../domain/errors.ts';
import type { ErasureMessage } from '../domain/order.ts';
import { timestamp } from '../domain/time.ts';
import { certify, horizonAfter } from './certificate.ts';
import { type DestroyDeps, destroyOrder, removeView } from './destroy.ts';
import type { StoredErasure } from './erasure.ts';
import type { Acting } from './order-store.ts';
import { dueSlot } from './progress.ts';

export interface EraseDeps extends DestroyDeps {
  keyring: Pick<Keyring, 'destroyRecordKey' | 'unshare' | 'recordKeyExists'>;
  attest: Attest;
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
  if (erasure?.state === 'pending') await destroyAll(erasureId, erasure, acting, deps);
  else if (erasure?.state === 'destroyed') await confirm(erasureId, erasure, acting, deps);
}

async function destroyAll(
  id: string,
  erasure: StoredErasure,
  acting: Acting,
  deps: EraseDeps,
): Promise<void> {
  const { companyId } = erasure;
  await inTurns(erasure.orders, (orderId) => destroyOrder({ companyId, orderId }, id, acting, deps));
  await inTurns(erasure.views, (orderId) => removeView({ companyId, orderId }, id, acting, deps));
  const destroyedAt = timestamp(deps.now);
  const horizon = horizonAfter(destroyedAt);
  const certificate = await certify(id, { ...erasure, destroyedAt, horizon }, 'destroyed', destroyedAt, deps);
  await deps.db.doc(paths.erasure(companyId, id)).update({
    state: 'destroyed',
    destroyedAt,
    horizon,
    certificate,
    due: FieldValue.delete(),
    confirmDue: `${horizon.slice(0, 13)}/${dueSlot()}`,
  });
  for (const orderId of erasure.orders) deps.log.orderErased(orderId, companyId);
}

/** Past the horizon: looks that no key came back, and replaces the certificate by one that says so. */
async function confirm(id: string, erasure: StoredErasure, acting: Acting, deps: EraseDeps): Promise<void> {
  const { companyId, destroyedAt, horizon } = erasure;
  if (destroyedAt === null || horizon === null || Date.parse(horizon) > deps.now()) return;
  for (const orderId of erasure.orders) {
    if (await deps.keyring.recordKeyExists(orderId))
      throw new AppError('INTERNAL', 'a destroyed key is back');
  }
  const at = timestamp(deps.now);
  const certificate = await certify(id, { ...erasure, destroyedAt, horizon }, 'confirmed', at, deps);
  const batch = deps.db.batch();
  batch.update(deps.db.doc(paths.erasure(companyId, id)), {
    state: 'confirmed',
    certificate,
    confirmDue: FieldValue.delete(),
  });
  const record = { type: 'erasure', id } as const;
  const facts = { orders: erasure.orders.length + erasure.views.length };
  addEntry(batch, { companyId, ...acting, action: 'erasure.confirmed', record, result: 'done', facts }, deps);
  await batch.commit();
}

async function inTurns(ids: string[], step: (id: string) => Promise<void>): Promise<void> {
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    await Promise.all(ids.slice(from, from + AT_ONCE).map(step));
  }
}
