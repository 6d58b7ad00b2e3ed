import { type Firestore } from '@google-cloud/firestore';
import { StoredClosing } from '../accounts/closing.ts';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import type { Ledger } from '../cloud/storage.ts';
import { type Clock, timestamp } from '../domain/time.ts';
import { companyHash } from './close.ts';

const PAGE = 500;

/**
 * Destroys the keys of companies that a restore brought back although the erasure ledger names them, and has `close`
 * remove their documents anew. Runs before any function may read. Answers how many there were.
 */
export async function replayClosings(deps: {
  db: Firestore;
  keyring: Pick<Keyring, 'companies' | 'destroyCompanyKey'>;
  ledger: Pick<Ledger, 'entries'>;
  now: Clock;
}): Promise<number> {
  const { db, keyring, ledger } = deps;
  const gone = new Set<string>();
  for await (const { recordKeyHash } of ledger.entries()) gone.add(recordKeyHash);
  // Either database may have been restored without the other.
  const found = new Set<string>();
  for await (const id of companyIds(keyring)) if (gone.has(companyHash(id))) found.add(id);
  for await (const { id } of db.collection('companies').select().stream() as AsyncIterable<{ id: string }>) {
    if (gone.has(companyHash(id))) found.add(id);
  }
  for (const companyId of found) {
    await keyring.destroyCompanyKey(companyId);
    await removeAgain(companyId, deps);
  }
  return found.size;
}

async function removeAgain(companyId: string, { db, now }: { db: Firestore; now: Clock }): Promise<void> {
  const ref = db.doc(paths.closing(companyId));
  const kept = StoredClosing.safeParse((await ref.get()).data()).data;
  const at = timestamp(now);
  const closing: StoredClosing = {
    ...{ companyId, askedAt: at, until: at, receiptHash: '', destroyedAt: null, horizon: null },
    ...{ certificate: null, ...kept },
    // From the start: what a backup held of orders and of ways in is taken away by the same steps.
    state: 'ending',
    due: at,
  };
  await ref.set(closing);
}

async function* companyIds(keyring: Pick<Keyring, 'companies'>): AsyncGenerator<string> {
  let after = '';
  for (;;) {
    const page = await keyring.companies(after, PAGE);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last;
  }
}
