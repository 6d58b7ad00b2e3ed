import { z } from 'zod';
import { addEntry } from '../audit/append.ts';
import type { AuditEntry } from '../audit/entry.ts';
import { paths } from '../cloud/firestore.ts';
import { AppError } from '../domain/errors.ts';
import { timestamp } from '../domain/time.ts';
import { aboutConnection, type ConnectDeps, makeWebhooks, type Merchant, stateHash } from './connect.ts';
import { inShopRef, openSecrets, sealSecrets, shopHash } from './connections.ts';
import { exchangeCode, verifyCallback } from './shopify-app.ts';
import { StoredConnection } from './stored-connection.ts';

/** `shopifyStates/{SHA-256 of the state}`: whose installation a merchant's browser comes back from. */
const State = z.object({
  companyId: z.string(),
  connectionId: z.string(),
  actor: z.object({ type: z.string(), id: z.string() }),
  until: z.number(),
});

/**
 * A merchant has agreed at Shopify. The query must be signed by Shopify, its state one of ours that was not used, and
 * the shop the one that was asked for: `BAD_REQUEST` for anything else, whatever it is. `FORBIDDEN` unless it is brought
 * back by whoever began: nobody finishes what another began, whose shop would become theirs (RFC 6749, 10.12).
 */
export async function finishShopify(
  query: URLSearchParams,
  merchant: Merchant,
  deps: ConnectDeps,
): Promise<{ id: string; stored: StoredConnection; entry: AuditEntry }> {
  const { db, keyring, now, shopifyApp } = deps;
  if (shopifyApp === undefined) throw unknown();
  verifyCallback(query, shopifyApp, now);
  const stateRef = db.doc(paths.shopifyState(stateHash(query.get('state') ?? '')));
  const state = State.safeParse((await stateRef.get()).data());
  if (!state.success || state.data.until <= now()) throw unknown();
  const { companyId, connectionId: id, actor } = state.data;
  const same = companyId === merchant.companyId && actor.type === merchant.actor.type;
  if (!same || actor.id !== merchant.actor.id) throw new AppError('FORBIDDEN', 'somebody else began this');
  const ref = db.doc(paths.connection(companyId, id));
  const found = await ref.get();
  if (!found.exists) throw unknown();
  const before = StoredConnection.parse(found.data());
  const secrets = await openSecrets({ companyId, id }, before, deps);
  if (secrets.platform !== 'shopify' || query.get('shop') !== secrets.shop) {
    throw unknown();
  }

  const code = query.get('code') ?? '';
  const { token, scopes } = await exchangeCode(shopifyApp, { shop: secrets.shop, code }, deps);
  const installed = { ...secrets, token, scopes };
  const sealed = await sealSecrets({ companyId, id }, installed, keyring);
  const fields = { sealed, scopes, state: 'active' as const, agreedAt: timestamp(now) };
  const shopRef = db.doc(paths.shopRef(await shopHash(secrets.shop, keyring)));
  const entry = await db.runTransaction(async (tx) => {
    // Used once: a second browser with the same state finds none.
    const unused = await tx.get(stateRef);
    if (!unused.exists) throw unknown();
    tx.delete(stateRef);
    tx.update(ref, fields);
    tx.set(shopRef, inShopRef(companyId, id), { merge: true });
    return addEntry(tx, aboutConnection(merchant, id, 'connection.changed'), deps);
  });
  const stored = { ...before, ...fields };
  await makeWebhooks({ id, companyId, secrets: installed }, stored, deps);
  return { id, stored, entry };
}

function unknown(): AppError {
  return new AppError(
    'BAD_REQUEST',
    'not what Shopify sent back, or it was used, or is more than an hour old',
  );
}
