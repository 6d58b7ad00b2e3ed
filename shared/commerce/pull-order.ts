import type { DocumentReference, Firestore, Timestamp } from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { paths } from '../cloud/firestore.ts';
import { hasStatus } from '../cloud/grpc-error.ts';
import type { Log } from '../cloud/log.ts';
import { AppError, type ErrorCode } from '../domain/errors.ts';
import type { PullMessage } from '../domain/pull.ts';
import { noteFailure, noteHealth } from './connection-health.ts';
import type { Connection, FindConnection } from './connections.ts';
import type { CommerceEvent } from './platform.ts';
import { StoredPull } from './pulls.ts';
import { shopOrders, type ShopDeps } from './shop-orders.ts';

/** Does what an event says; true when that changed something. */
export type TakeEvent = (event: CommerceEvent, connection: Connection) => Promise<boolean>;

export interface PullDeps extends ShopDeps {
  db: Firestore;
  findConnection: FindConnection;
  take: TakeEvent;
  log: Log;
}

/** With a back-off up to an hour this is some two days; after that the poll of the shop has to find the order. */
const MOST_ATTEMPTS = 55;
const FIRST_WAIT = 30;
const LONGEST_WAIT = 3600;

/**
 * Reads one order at its shop and takes it. While the shop can not be asked the order waits, longer each time; an event
 * that names it again sets it going at once.
 */
export async function pullOrder({ companyId, pullId }: PullMessage, deps: PullDeps): Promise<void> {
  const ref = deps.db.doc(paths.pull(companyId, pullId));
  const found = await ref.get();
  if (!found.exists || found.updateTime === undefined) return;
  const pull = StoredPull.parse(found.data());
  if (Date.parse(pull.notBefore) > deps.now()) return;
  const read = { ref, pull, version: found.updateTime };
  const connection = await deps.findConnection(pull.connectionId);
  const shop = connection && shopOrders(connection.secrets, deps);
  if (connection === undefined || shop === undefined || connection.closing) {
    await unlessWritten(read.ref.delete({ lastUpdateTime: read.version }));
    return;
  }
  try {
    const event = await shop.one(pull.externalId);
    await deps.take(event, connection);
  } catch (error) {
    if (!isOfTheShop(error)) throw error;
    await noteFailure(connection, error.code, deps);
    await postpone(read, error, pullId, deps);
    return;
  }
  await unlessWritten(ref.delete({ lastUpdateTime: read.version }));
  if (pull.attempts > 0) await noteHealth(connection, { lastFailure: null }, deps);
}

/** What no repeat of ours helps now, as it lies with the shop: also an order that is not as it should be. */
export function isOfTheShop(error: unknown): error is AppError {
  const codes: ErrorCode[] = ['SHOP_REFUSED', 'SHOP_UNAVAILABLE', 'BAD_REQUEST'];
  return error instanceof AppError && codes.includes(error.code);
}

async function postpone(
  { ref, pull, version }: { ref: DocumentReference; pull: StoredPull; version: Timestamp },
  error: AppError,
  pullId: string,
  { log, now }: PullDeps,
): Promise<void> {
  const attempts = pull.attempts + 1;
  if (attempts > MOST_ATTEMPTS) {
    log.pullGivenUp(pullId, pull.companyId);
    await unlessWritten(ref.delete({ lastUpdateTime: version }));
    return;
  }
  const wait = Math.max(error.retryAfter ?? 0, Math.min(FIRST_WAIT * 2 ** pull.attempts, LONGEST_WAIT));
  const notBefore = new Date(now() + wait * 1000).toISOString();
  log.pullPostponed(pullId, pull.companyId, error.code);
  await unlessWritten(ref.update({ attempts, notBefore }, { lastUpdateTime: version }));
}

/** The order was asked for again meanwhile: that one has a message of its own. */
async function unlessWritten(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!hasStatus(error, status.FAILED_PRECONDITION) && !hasStatus(error, status.NOT_FOUND)) throw error;
  }
}
