import type { DocumentReference, Firestore, Timestamp } from '@google-cloud/firestore';
import { status } from '@grpc/grpc-js';
import { paths } from '../cloud/firestore.ts';
import { hasStatus } from '../cloud/grpc-error.ts';
import type { Log } from '../cloud/log.ts';
import { AppError, type ErrorCode } from '../domain/errors.ts';
import type { PollMessage, PullMessage } from '../domain/pull.ts';
import { noteFailure, noteHealth } from './connection-health.ts';
import type { Connection, FindConnection } from './connections.ts';
import type { CommerceEvent } from './platform.ts';
import { nextTick, StoredPull } from './pulls.ts';
import { shopOrders, type ShopDeps } from './shop-orders.ts';

/** Does what an event says; true when that changed something. */
export type TakeEvent = (event: CommerceEvent, connection: Connection) => Promise<boolean>;

export interface PullDeps extends ShopDeps {
  db: Firestore;
  findConnection: FindConnection;
  take: TakeEvent;
  log: Log;
}

interface Read {
  ref: DocumentReference;
  pull: StoredPull;
  version: Timestamp;
}

/** With a back-off up to an hour this is some two days; after that the poll of the shop has to find the order. */
const MOST_ATTEMPTS = 55;
const FIRST_WAIT = 30;
const LONGEST_WAIT = 3600;

/**
 * Reads at a shop what a document asks for, one order or by `poll` all that changed, and deletes it. While the shop can not
 * be asked it waits, longer each time; while our own keys can not be had, until the next tick. An event that names the
 * order again sets it going at once.
 */
export async function pullOrder(
  { companyId, pullId }: PullMessage,
  deps: PullDeps & { poll: (of: PollMessage) => Promise<void> },
): Promise<void> {
  const ref = deps.db.doc(paths.pull(companyId, pullId));
  const found = await ref.get();
  if (!found.exists || found.updateTime === undefined) return;
  const pull = StoredPull.parse(found.data());
  if (Date.parse(pull.notBefore) > deps.now()) return;
  const read = { ref, pull, version: found.updateTime };
  try {
    if (pull.externalId === null) await deps.poll({ companyId, connectionId: pull.connectionId });
    else await takeOrder(pull, pull.externalId, deps);
  } catch (error) {
    if (isOfTheShop(error)) await postpone(read, error, pullId, deps);
    // A poll writes its document anew instead, which is then not the one that is deleted.
    else if (isOfOurCloud(error)) await waitForCloud(read, error, pullId, deps);
    else throw error;
    return;
  }
  await unlessWritten(ref.delete({ lastUpdateTime: read.version }));
}

/** Of a connection that is gone there is nothing to read. */
async function takeOrder(pull: StoredPull, externalId: string, deps: PullDeps): Promise<void> {
  const connection = await deps.findConnection(pull.connectionId);
  const shop = connection && shopOrders(connection.secrets, deps);
  if (connection === undefined || shop === undefined || connection.closing) return;
  await deps.take(await shop.one(externalId), connection);
  if (pull.attempts > 0) await noteHealth(connection, { lastFailure: null }, deps);
}

/** What no repeat of ours helps now, as it lies with the shop: also an order that is not as it should be. */
export function isOfTheShop(error: unknown): error is AppError {
  const codes: ErrorCode[] = ['SHOP_REFUSED', 'SHOP_UNAVAILABLE', 'BAD_REQUEST'];
  return error instanceof AppError && codes.includes(error.code);
}

/** Our own keys can not be had, so that nothing can be opened; documents can be written, or this is not our error. */
export function isOfOurCloud(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'UNAVAILABLE';
}

async function postpone(
  { ref, pull, version }: Read,
  error: AppError,
  pullId: string,
  deps: PullDeps,
): Promise<void> {
  const { log, now } = deps;
  await noteFailure({ id: pull.connectionId, companyId: pull.companyId }, error.code, deps);
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

/** That counts as no attempt: it says nothing of the order, and Pub/Sub would give up before a long outage is over. */
async function waitForCloud(
  { ref, pull, version }: Read,
  error: AppError,
  pullId: string,
  { log, now }: PullDeps,
): Promise<void> {
  log.pullPostponed(pullId, pull.companyId, error.code);
  await unlessWritten(ref.update({ notBefore: nextTick(now) }, { lastUpdateTime: version }));
}

/** The order was asked for again meanwhile: that one has a message of its own. */
async function unlessWritten(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!hasStatus(error, status.FAILED_PRECONDITION) && !hasStatus(error, status.NOT_FOUND)) throw error;
  }
}
