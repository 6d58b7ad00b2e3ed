import type { Firestore } from '@google-cloud/firestore';
import { addEntry } from '../audit/append.ts';
import { paths } from '../cloud/firestore.ts';
import type { Log } from '../cloud/log.ts';
import { dueSlot } from '../domain/due.ts';
import type { Clock } from '../domain/time.ts';
import { timestamp } from '../domain/time.ts';
import { type Acting, alreadyExists } from './order-store.ts';

export const PRIVACY_KINDS = ['customer_redact', 'shop_redact', 'data_request'] as const;
export type PrivacyKind = (typeof PRIVACY_KINDS)[number];

/**
 * `companies/{companyId}/privacyRequests/{id}`: what a platform asked of us for a consumer or for a whole shop. Orders
 * go by our own ids; nothing of the consumer is in it.
 */
export interface StoredPrivacyRequest {
  companyId: string;
  connectionId: string;
  kind: PrivacyKind;
  /** Those that it names and we have, and of a whole shop none: they are found by their connection. */
  orders: string[];
  requestedAt: string;
  /** Whatever has not ended by then is cancelled and erased all the same. */
  until: string;
  state: 'open' | 'done';
  /** Of a whole shop: how far this round has come, and how many orders it has left to erase. */
  cursor: string;
  waiting: number;
  due?: number;
}

/** Platforms allow thirty days; the rest is for what goes wrong. */
const MOST_MS = 25 * 24 * 60 * 60_000;

/** Writes a request down, once however often it comes. `sweep` carries it out. */
export async function storePrivacyRequest(
  asked: { id: string; companyId: string; connectionId: string; kind: PrivacyKind; orders: string[] },
  acting: Acting,
  deps: { db: Firestore; now: Clock; log: Log },
): Promise<void> {
  const { db, now } = deps;
  const { id, companyId, connectionId, kind, orders } = asked;
  // What is asked for is in the merchant's hands as soon as it is written down.
  const answered = kind === 'data_request';
  const stored: StoredPrivacyRequest = {
    ...{ companyId, connectionId, kind, orders, requestedAt: timestamp(now) },
    ...{ until: new Date(now() + MOST_MS).toISOString(), cursor: '', waiting: orders.length },
    state: answered ? 'done' : 'open',
    ...(answered ? {} : { due: dueSlot() }),
  };
  const batch = db.batch();
  batch.create(db.doc(paths.privacyRequest(companyId, id)), stored);
  const record = { type: 'connection', id: connectionId } as const;
  const facts = { orders: orders.length, asked: kind } as const;
  const about = { ...acting, action: 'privacy.requested', record, result: 'done', facts } as const;
  addEntry(batch, { companyId, ...about }, deps);
  try {
    await batch.commit();
  } catch (error) {
    if (!alreadyExists(error)) throw error;
  }
}
