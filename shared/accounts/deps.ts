import type { Firestore } from '@google-cloud/firestore';
import type { Keyring } from '../cloud/keyring.ts';
import type { Log } from '../cloud/log.ts';
import type { Mailer } from '../cloud/mail.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import type { Clock } from '../domain/time.ts';
import type { RelyingParty } from '../factors/passkeys.ts';
import type { Passwords } from './passwords.ts';
import type { Throttle } from './throttle.ts';

/** What the function `accounts` gives to everything that it does. */
export interface AccountsDeps {
  db: Firestore;
  keyring: Keyring;
  publisher: Publisher;
  mailer: Mailer;
  passwords: Passwords;
  throttle: Throttle;
  /** For whom passkeys are made, and on which pages they work. */
  relyingParty: RelyingParty;
  /** Where the hub answers; links in letters begin with it. */
  baseUrl: string;
  log: Log;
  now: Clock;
}
