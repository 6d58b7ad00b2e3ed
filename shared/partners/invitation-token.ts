import { createHash, randomBytes } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import type { PartnersDeps } from './deps.ts';

/** Of the statement in a link, so that none of another kind is ever taken for one. */
export const INVITATION_TYP = 'strongroom-partner-invitation+jwt';
/** Names the key. A second one would be told apart by this. */
const KID = 'partner-invitation-1';

const Claims = z.object({ jti: z.string().regex(/^[0-9a-f]{64}$/), emailHash: z.string() });

type TokenDeps = Pick<PartnersDeps, 'keyring' | 'hub' | 'now'>;

/**
 * A link's token: a compact JWS of one invitation, for one address, until `expires` (milliseconds). It is signed by
 * HS256 with a key derived from the lookup key: the hub alone verifies it, and the right to sign with KMS `attest`
 * would be one to certify anything. `hash` is the name of the document that has to be there when it is used.
 */
export async function signInvitation(
  invitation: { partnerId: string; emailHash: string; expires: number },
  { keyring, hub, now }: TokenDeps,
): Promise<{ token: string; hash: string }> {
  const jti = randomBytes(32).toString('hex');
  const token = await new SignJWT({ emailHash: invitation.emailHash })
    .setProtectedHeader({ alg: 'HS256', typ: INVITATION_TYP, kid: KID })
    .setIssuer(hub.baseUrl)
    .setAudience(audience(hub))
    .setSubject(invitation.partnerId)
    .setJti(jti)
    .setIssuedAt(Math.floor(now() / 1000))
    .setExpirationTime(Math.floor(invitation.expires / 1000))
    .sign((await keyring.lookup()).signingKey('partner invitation'));
  return { token, hash: hashOf(jti) };
}

/** What a token says of the invitation by this id. `INVITATION_OVER`, whatever is wrong with it. */
export async function readInvitation(
  token: string,
  partnerId: string,
  { keyring, hub, now }: TokenDeps,
): Promise<{ hash: string; emailHash: string }> {
  const key = (await keyring.lookup()).signingKey('partner invitation');
  const verified = await jwtVerify(token, key, {
    algorithms: ['HS256'],
    typ: INVITATION_TYP,
    issuer: hub.baseUrl,
    audience: audience(hub),
    subject: partnerId,
    requiredClaims: ['exp', 'iat', 'jti'],
    currentDate: new Date(now()),
  }).catch(() => undefined);
  const claims = Claims.safeParse(verified?.payload).data;
  if (claims === undefined || verified?.protectedHeader.kid !== KID) throw new AppError('INVITATION_OVER');
  return { hash: hashOf(claims.jti), emailHash: claims.emailHash };
}

function audience({ projectId }: PartnersDeps['hub']): string {
  return `${projectId}/partners`;
}

function hashOf(jti: string): string {
  return createHash('sha256').update(jti).digest('hex');
}
