import type { DocumentSnapshot, Firestore, Query } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import { secretKeyVersion } from '../crypto/company-key.ts';

/** Where something lies that is sealed under a company's key itself, and to which purpose it is bound. */
interface Place {
  of: (companyId: string, db: Firestore) => Query;
  /** Its path in the document; nothing may be there. */
  field: string;
  seals: 'secret' | 'contact';
  purpose: (doc: DocumentSnapshot) => string;
}

const within =
  (collection: string): Place['of'] =>
  (companyId, db) =>
    db.collection(`${paths.company(companyId)}/${collection}`);
const by =
  (kind: string): Place['purpose'] =>
  ({ id }) =>
    `${kind}/${id}`;

/** A purpose that is not as its feature has it opens nothing, and the run fails. */
const PLACES: readonly Place[] = [
  { of: within('connections'), field: 'sealed', seals: 'secret', purpose: by('connection') },
  { of: within('endpoints'), field: 'sealed', seals: 'secret', purpose: by('endpoint') },
  { of: within('partners'), field: 'contact', seals: 'contact', purpose: by('partner') },
  { of: within('members'), field: 'email', seals: 'contact', purpose: by('email') },
  { of: within('members'), field: 'secondFactors.totp.secret', seals: 'secret', purpose: by('totp') },
  { of: within('members'), field: 'secondFactors.pendingTotp.secret', seals: 'secret', purpose: by('totp') },
  {
    of: (companyId, db) => db.collection('invitations').where('companyId', '==', companyId),
    ...{ field: 'email', seals: 'contact', purpose: (doc) => `email/${String(doc.get('id'))}` },
  },
];

type Deps = {
  db: Firestore;
  keyring: Pick<Keyring, 'openSecret' | 'sealSecret' | 'openContact' | 'sealContact' | 'activeVersion'>;
};

/**
 * Seals by the newest version of a company's key what lies under an older one: contacts, credentials, secrets. A second run
 * finds nothing to do: then nothing of these needs an older version. Answers how many there are and were sealed anew.
 */
export async function reseal(companyId: string, deps: Deps): Promise<{ looked: number; resealed: number }> {
  const active = await deps.keyring.activeVersion(companyId);
  const so = { looked: 0, resealed: 0 };
  for (const place of PLACES) {
    const found = await place.of(companyId, deps.db).get();
    for (const doc of found.docs) {
      if (!(doc.get(place.field) instanceof Uint8Array)) continue;
      so.looked += 1;
      if (await resealOne(companyId, doc, place, active, deps)) so.resealed += 1;
    }
  }
  return so;
}

/** Beside live traffic: what somebody changes meanwhile is read again, and what is gone stays gone. */
function resealOne(
  companyId: string,
  { ref }: DocumentSnapshot,
  { field, seals, purpose }: Place,
  active: number,
  { db, keyring }: Deps,
): Promise<boolean> {
  return db.runTransaction(async (tx) => {
    const doc = await tx.get(ref);
    const bytes: unknown = doc.get(field);
    if (!(bytes instanceof Uint8Array) || secretKeyVersion(bytes) === active) return false;
    const [sealed, to] = [Buffer.from(bytes), purpose(doc)];
    const plain =
      seals === 'secret'
        ? await keyring.openSecret(companyId, to, sealed)
        : await keyring.openContact(companyId, to, sealed);
    try {
      const fresh =
        seals === 'secret'
          ? await keyring.sealSecret(companyId, to, plain)
          : await keyring.sealContact(companyId, to, plain);
      tx.update(ref, field, fresh);
      return true;
    } finally {
      plain.fill(0);
    }
  });
}
