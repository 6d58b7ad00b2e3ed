import { z } from 'zod';
import type { Keyring } from '../cloud/keyring.ts';
import type { LookupKey } from '../crypto/lookup.ts';

/** An address in the one spelling under which it is known: NFKC, without space around it, in lower case. */
export const emailSchema = () =>
  z
    .string()
    .max(320)
    .transform((text) => text.normalize('NFKC').trim().toLowerCase())
    .pipe(z.email('not an email address').max(254, 'not an email address'));

/** The name of an address in `emailRefs` and in what is counted. Whoever has the databases can not try addresses. */
export function emailHashOf(lookup: LookupKey, email: string): string {
  return lookup.hash('email', email).toString('base64url');
}

export function sealEmail(
  keyring: Keyring,
  companyId: string,
  ownerId: string,
  email: string,
): Promise<Buffer> {
  return keyring.sealContact(companyId, `email/${ownerId}`, Buffer.from(email, 'utf8'));
}

/** The address of a member or of an invitation. */
export async function openEmail(
  keyring: Pick<Keyring, 'openContact'>,
  companyId: string,
  ownerId: string,
  sealed: Buffer,
): Promise<string> {
  return (await keyring.openContact(companyId, `email/${ownerId}`, sealed)).toString('utf8');
}
