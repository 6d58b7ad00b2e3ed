import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import type { PartnersDeps } from './deps.ts';

/** Whom a company reaches at a partner. */
export const Contact = z.strictObject({ email: z.string(), name: z.string().nullable() });
export type Contact = z.infer<typeof Contact>;

/** Sealed with the key of the company that knows the contact, to this one connection. */
export function sealContact(
  companyId: string,
  partnerId: string,
  { email, name }: Contact,
  { keyring }: Pick<PartnersDeps, 'keyring'>,
): Promise<Buffer> {
  const bytes = Buffer.from(JSON.stringify({ email, name }), 'utf8');
  return keyring.sealContact(companyId, `partner/${partnerId}`, bytes);
}

export async function openContact(
  companyId: string,
  partnerId: string,
  sealed: Buffer | null,
  { keyring }: { keyring: Pick<PartnersDeps['keyring'], 'openContact'> },
): Promise<Contact | null> {
  if (sealed === null) return null;
  const bytes = await keyring.openContact(companyId, `partner/${partnerId}`, sealed);
  const parsed = Contact.safeParse(JSON.parse(bytes.toString('utf8')));
  if (!parsed.success) throw new AppError('SEAL_BROKEN');
  return parsed.data;
}
