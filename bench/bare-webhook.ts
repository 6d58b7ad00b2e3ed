/**
 * The limit of throughput: inside functions-framework, one HMAC, and the documents of one order committed as they are,
 * through the same clients and the same two commits; at `/thin` the one document of a thin event. Nothing is read, cleaned,
 * sealed, logged or published.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
import { http } from '@google-cloud/functions-framework';
import { readConfig } from '../shared/cloud/config.ts';
import { openFirestore, paths } from '../shared/cloud/firestore.ts';
import { randomId } from '../shared/domain/ids.ts';
import type { OrderDocuments } from './order-documents.ts';

/** Made at the first request, as the hub's own functions are. */
let commit: Commit | undefined;
let documents: OrderDocuments;

type Commit = (documents: OrderDocuments, thin: boolean) => Promise<void>;

http('bare-webhook', async (req, res) => {
  if (commit === undefined) {
    documents = deserialize(readFileSync(process.env['BARE_DOCUMENTS'] ?? '')) as OrderDocuments;
    commit = committer();
  }
  const expected = createHmac('sha256', process.env['BARE_SECRET'] ?? '')
    .update(req.rawBody ?? '')
    .digest();
  const given = Buffer.from(req.get('x-shopify-hmac-sha256') ?? '', 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    res.writeHead(401).end();
    return;
  }
  await commit(documents, req.path === '/thin');
  res.writeHead(200).end();
});

function committer(): Commit {
  const config = readConfig(process.env);
  const db = openFirestore(config, '(default)');
  const keyring = openFirestore(config, 'keyring');
  return async ({ companyId, recordKey, orderRef, order, sealed, audit }, thin) => {
    if (thin) {
      const at = new Date().toISOString();
      const pull = { companyId, connectionId: companyId, externalId: at, requestedAt: at, notBefore: at };
      await db.doc(paths.pull(companyId, randomId('pull'))).set({ ...pull, attempts: 0, due: 0 });
      return;
    }
    const id = randomId('order');
    await keyring.collection('recordKeys').doc(id).create(recordKey);
    const batch = db.batch();
    batch.create(db.doc(paths.orderRef(id)), orderRef);
    batch.create(db.doc(paths.order(companyId, id)), order);
    batch.create(db.doc(paths.sealed(id)), sealed);
    batch.create(db.doc(`${paths.audit(companyId)}/${randomId('audit')}`), audit);
    await batch.commit();
  };
}
