import type { Firestore, Transaction } from '@google-cloud/firestore';
import { paths } from '../cloud/firestore.ts';
import type { Keyring } from '../cloud/keyring.ts';
import type { Mode } from '../domain/api-key.ts';
import { EmailRef, StoredCompany, StoredMember } from './documents.ts';
import { emailHashOf } from './email.ts';
import { admitInvitation } from './limits.ts';
import type { Throttle } from './throttle.ts';

/** What may be asked about other companies, and no more: their name, their mode, whether they are being deleted. */
export interface ListedCompany {
  name: string;
  mode: Mode;
  closing: boolean;
}

export function createDirectory(deps: {
  db: Firestore;
  keyring: Pick<Keyring, 'lookup'>;
  throttle: Throttle;
}) {
  const { db, keyring, throttle } = deps;
  return {
    /** In the order asked for; `undefined` for one that does not exist. */
    async companies(tx: Transaction, ...ids: string[]): Promise<(ListedCompany | undefined)[]> {
      const found = await tx.getAll(...ids.map((id) => db.doc(paths.company(id))));
      return found.map((company) => (company.exists ? listed(company.data()) : undefined));
    },

    /** Their names as they are now, without those that are gone. */
    async names(ids: string[]): Promise<Map<string, string>> {
      const some = [...new Set(ids)];
      if (some.length === 0) return new Map();
      const found = await db.getAll(...some.map((id) => db.doc(paths.company(id))));
      return new Map(
        found.filter(({ exists }) => exists).map((company) => [company.id, listed(company.data()).name]),
      );
    },

    /** By what an address is known. */
    async hashOf(email: string): Promise<string> {
      return emailHashOf(await keyring.lookup(), email);
    },

    /** Whether an active member of the company has the address. */
    async holds(tx: Transaction, companyId: string, emailHash: string): Promise<boolean> {
      const found = await tx.get(db.doc(paths.emailRef(emailHash)));
      const ref = EmailRef.safeParse(found.data()).data;
      if (ref?.companyId !== companyId) return false;
      const member = await tx.get(db.doc(paths.member(companyId, ref.memberId)));
      return StoredMember.safeParse(member.data()).data?.state === 'active';
    },

    /** `TOO_MANY_REQUESTS` beyond the letters that a company may send in a day. */
    admitLetter: (companyId: string, emailHash: string) => admitInvitation(throttle, companyId, emailHash),
  };
}

function listed(data: unknown): ListedCompany {
  const { name, mode, closing } = StoredCompany.parse(data);
  return { name, mode, closing: closing !== null };
}
