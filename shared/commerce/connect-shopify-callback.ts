import { FieldValue } from '@google-cloud/firestore';
import { z } from 'zod';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { type ConnectDeps, makeWebhooks, stateHash } from './connect.ts';
import { openSecrets, sealSecrets, shopHash } from './connections.ts';
import { exchangeCode, verifyCallback } from './shopify-app.ts';
import { StoredConnection } from './stored-connection.ts';

/** `shopifyStates/{SHA-256 of the state}`: whose installation a merchant's browser comes back from. */
const State = z.object({ companyId: z.string(), connectionId: z.string(), until: z.number() });

/**
 * A merchant has agreed at Shopify. The query must be signed by Shopify, its state one of ours that was not used, and
 * the shop the one that was asked for. `UNAUTHENTICATED` for anything else, whatever it is.
 */
export async function finishShopify(
  query: URLSearchParams,
  requestId: string,
  deps: ConnectDeps,
): Promise<{ id: string; stored: StoredConnection; entry: AuditEntry }> {
  const { db, keyring, now, shopifyApp } = deps;
  if (shopifyApp === undefined) throw new AppError('UNAUTHENTICATED');
  verifyCallback(query, shopifyApp, now);
  const stateRef = db.doc(paths.shopifyState(stateHash(query.get('state') ?? '')));
  const state = State.safeParse((await stateRef.get()).data());
  if (!state.success || state.data.until <= now()) throw new AppError('UNAUTHENTICATED');
  const { companyId, connectionId: id } = state.data;
  const ref = db.doc(paths.connection(companyId, id));
  const found = await ref.get();
  if (!found.exists) throw new AppError('UNAUTHENTICATED');
  const before = StoredConnection.parse(found.data());
  const secrets = await openSecrets({ companyId, id }, before, deps);
  if (secrets.platform !== 'shopify' || query.get('shop') !== secrets.shop) {
    throw new AppError('UNAUTHENTICATED');
  }

  const code = query.get('code') ?? '';
  const { token, scopes } = await exchangeCode(shopifyApp, { shop: secrets.shop, code }, deps);
  const installed = { ...secrets, token, scopes };
  const sealed = await sealSecrets({ companyId, id }, installed, keyring);
  const fields = { sealed, scopes, state: 'active' as const };
  const shopRef = db.doc(paths.shopRef(await shopHash(secrets.shop, keyring)));
  const entry = await db.runTransaction(async (tx) => {
    // Used once: a second browser with the same state finds none.
    const unused = await tx.get(stateRef);
    if (!unused.exists) throw new AppError('UNAUTHENTICATED');
    tx.delete(stateRef);
    tx.update(ref, fields);
    const here = { companyId, connectionId: id };
    tx.set(shopRef, { connections: FieldValue.arrayUnion(here) }, { merge: true });
    const record = { type: 'connection', id } as const;
    const actor = { type: 'platform', id } as const;
    const about = { action: 'connection.changed', record, result: 'done', facts: {} } as const;
    return addEntry(tx, { companyId, actor, requestId, ...about }, deps);
  });
  const stored = { ...before, ...fields };
  await makeWebhooks({ id, companyId, secrets: installed }, stored, deps);
  return { id, stored, entry };
}
