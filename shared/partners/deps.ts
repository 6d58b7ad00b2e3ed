import type { Firestore, Transaction } from '@google-cloud/firestore';
import type { AuditEntry } from '../audit/entry.ts';
import type { Keyring } from '../cloud/keyring.ts';
import type { Mailer } from '../cloud/mail.ts';
import type { Mode } from '../domain/api-key.ts';
import type { Clock } from '../domain/time.ts';

/** What accounts tell of other companies. */
export interface Directory {
  companies(
    tx: Transaction,
    ...ids: string[]
  ): Promise<({ name: string; mode: Mode; closing: boolean } | undefined)[]>;
  names(ids: string[]): Promise<Map<string, string>>;
  hashOf(email: string): Promise<string>;
  holds(tx: Transaction, companyId: string, emailHash: string): Promise<boolean>;
  admitLetter(companyId: string, emailHash: string): Promise<void>;
}

/** What the function `partners` gives to everything that it does. */
export interface PartnersDeps {
  db: Firestore;
  keyring: Pick<Keyring, 'lookup' | 'sealContact' | 'openContact'>;
  directory: Directory;
  mailer: Mailer;
  /** Which hub this is: a link of another one is worth nothing here. */
  hub: { baseUrl: string; projectId: string };
  now: Clock;
}

/** Who acts for which company, under which request. */
export interface Acting extends Pick<AuditEntry, 'actor' | 'requestId'> {
  companyId: string;
}
