import type {
  AuthenticationResponseJSON,
  AuthenticatorTransport,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import type { StoredPasskey } from './stored-factors.ts';

/** Whom a passkey is for: WebAuthn's RP ID (a domain) and the one origin whose pages may use it. */
export interface RelyingParty {
  id: string;
  origin: string;
}

/** EdDSA, ES256, RS256: what every authenticator has one of. */
const ALGORITHMS = [-8, -7, -257];
/** A passkey counts for two factors only when it has checked who holds it, by a PIN, a finger or a face. */
const USER_VERIFICATION = 'required';
const TIMEOUT_MS = 5 * 60_000;
const MAX_PASSKEYS = 10;

/** The specification lets a credential id have 1023 bytes; what is longer than needed is not read. */
const base64url = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[A-Za-z0-9_-]+$/, 'not base64url');
const CredentialId = base64url(1364);

/**
 * What a browser's `PublicKeyCredential.toJSON()` gives. The browser makes it and may add to it, so fields that are
 * not listed are dropped and not refused.
 */
export const PasskeyAttestation = z.object({
  id: CredentialId,
  rawId: CredentialId,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url(8192),
    attestationObject: base64url(65_536),
    transports: z
      .array(z.string().regex(/^[a-z-]{1,20}$/))
      .max(10)
      .optional(),
  }),
});
export type PasskeyAttestation = z.infer<typeof PasskeyAttestation>;

export const PasskeyAssertion = z.object({
  id: CredentialId,
  rawId: CredentialId,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url(8192),
    authenticatorData: base64url(8192),
    signature: base64url(8192),
    userHandle: base64url(256).nullish(),
  }),
});
export type PasskeyAssertion = z.infer<typeof PasskeyAssertion>;

/** Loaded at the first passkey: it costs 120 ms, which a start for a password need not wait for. */
const webauthn = () => import('@simplewebauthn/server');

/** What `navigator.credentials.create` takes. `CONFLICT` when there are ten already. */
export async function creationOptions(input: {
  rp: RelyingParty;
  /** `id` is our own id of the person, which the passkey keeps; `name` is what the person is shown. */
  user: { id: string; name: string };
  passkeys: readonly StoredPasskey[];
  challenge: string;
}): Promise<PublicKeyCredentialCreationOptionsJSON> {
  if (input.passkeys.length >= MAX_PASSKEYS) throw new AppError('CONFLICT', 'there are ten passkeys already');
  const { generateRegistrationOptions } = await webauthn();
  return generateRegistrationOptions({
    rpName: 'Strongroom',
    rpID: input.rp.id,
    userID: utf8(input.user.id),
    userName: input.user.name,
    userDisplayName: input.user.name,
    challenge: fromBase64url(input.challenge),
    timeout: TIMEOUT_MS,
    attestationType: 'none',
    excludeCredentials: input.passkeys.map(descriptor),
    authenticatorSelection: { residentKey: 'preferred', userVerification: USER_VERIFICATION },
    supportedAlgorithmIDs: ALGORITHMS,
  });
}

/** What `navigator.credentials.get` takes. Without `passkeys` the person picks one that the device knows. */
export async function requestOptions(input: {
  rp: RelyingParty;
  passkeys: readonly StoredPasskey[];
  challenge: string;
}): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const { generateAuthenticationOptions } = await webauthn();
  return generateAuthenticationOptions({
    rpID: input.rp.id,
    allowCredentials: input.passkeys.map(descriptor),
    challenge: fromBase64url(input.challenge),
    timeout: TIMEOUT_MS,
    userVerification: USER_VERIFICATION,
  });
}

/** The challenge that an answer says it is for; it is worth something once `spendChallenge` took it. */
export function challengeOf(answer: PasskeyAttestation | PasskeyAssertion): string {
  return clientData(answer).challenge;
}

/**
 * Checks a new passkey (WebAuthn, section 7.1) against the challenge that was spent for it, and answers what is kept
 * of it. `FACTOR_REFUSED`, without a reason, when anything is not as it was asked for.
 */
export async function verifyCreation(
  answer: PasskeyAttestation,
  expected: { rp: RelyingParty; challenge: string; passkeys: readonly StoredPasskey[] },
): Promise<Pick<StoredPasskey, 'credentialId' | 'publicKey' | 'counter' | 'transports' | 'backedUp'>> {
  requireTopLevel(answer);
  const { verifyRegistrationResponse } = await webauthn();
  await requireNoCertificates(answer);
  const { rp, challenge, passkeys } = expected;
  const { id, rawId, type, response } = answer;
  const { transports = [], ...signed } = response;
  const verified = await verifyRegistrationResponse({
    response: {
      id,
      rawId,
      type,
      response: signed,
      clientExtensionResults: {},
    } satisfies RegistrationResponseJSON,
    expectedChallenge: challenge,
    expectedOrigin: rp.origin,
    expectedRPID: rp.id,
    requireUserVerification: true,
    supportedAlgorithmIDs: ALGORITHMS,
  }).catch(refuse);
  if (!verified.verified) throw refused();
  const { credential, credentialBackedUp } = verified.registrationInfo;
  if (credential.id !== id || passkeys.some(({ credentialId }) => credentialId === id)) throw refused();
  return {
    credentialId: id,
    publicKey: Buffer.from(credential.publicKey),
    counter: credential.counter,
    transports,
    backedUp: credentialBackedUp,
  };
}

/**
 * Checks that one of these passkeys was used (WebAuthn, section 7.2) for the challenge that was spent, and answers it
 * with its new counter. A counter that did not grow is the mark of a copy, and is refused as everything else.
 */
export async function verifyAssertion(
  answer: PasskeyAssertion,
  expected: { rp: RelyingParty; challenge: string; userId: string; passkeys: readonly StoredPasskey[] },
): Promise<StoredPasskey> {
  requireTopLevel(answer);
  const { rp, challenge, userId, passkeys } = expected;
  const { id, rawId, type, response } = answer;
  const { userHandle, ...signed } = response;
  const passkey = passkeys.find(({ credentialId }) => credentialId === id);
  if (passkey === undefined) throw refused();
  if (typeof userHandle === 'string' && userHandle !== Buffer.from(userId, 'utf8').toString('base64url')) {
    throw refused();
  }
  const { verifyAuthenticationResponse } = await webauthn();
  const verified = await verifyAuthenticationResponse({
    response: {
      id,
      rawId,
      type,
      response: signed,
      clientExtensionResults: {},
    } satisfies AuthenticationResponseJSON,
    expectedChallenge: challenge,
    expectedOrigin: rp.origin,
    expectedRPID: rp.id,
    credential: { id, publicKey: Uint8Array.from(passkey.publicKey), counter: passkey.counter },
    requireUserVerification: true,
  }).catch(refuse);
  if (!verified.verified) throw refused();
  const { newCounter, credentialBackedUp } = verified.authenticationInfo;
  return { ...passkey, counter: newCounter, backedUp: credentialBackedUp };
}

/**
 * No attestation is asked for, and browsers take it away; what is left is none, or an authenticator's signature by
 * the very key (`packed` without `x5c`). Checking certificates would fetch addresses that the sender has named.
 */
async function requireNoCertificates(answer: PasskeyAttestation): Promise<void> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers');
  try {
    const decoded = decodeAttestationObject(fromBase64url(answer.response.attestationObject));
    const format = decoded.get('fmt');
    if (format === 'none') return;
    if (format === 'packed' && decoded.get('attStmt').get('x5c') === undefined) return;
  } catch {
    // Bytes that are no attestation at all.
  }
  throw refused();
}

const ClientData = z.object({ challenge: z.string(), crossOrigin: z.boolean().optional() });

function clientData(answer: PasskeyAttestation | PasskeyAssertion): z.infer<typeof ClientData> {
  try {
    return ClientData.parse(
      JSON.parse(Buffer.from(answer.response.clientDataJSON, 'base64url').toString('utf8')),
    );
  } catch {
    throw refused();
  }
}

/** Our pages are never shown inside another site's, where a person may be led to touch what is not seen. */
function requireTopLevel(answer: PasskeyAttestation | PasskeyAssertion): void {
  if (clientData(answer).crossOrigin === true) throw refused();
}

function descriptor(passkey: StoredPasskey): { id: string; transports: AuthenticatorTransport[] } {
  return { id: passkey.credentialId, transports: passkey.transports as AuthenticatorTransport[] };
}

/** The library's errors repeat what was sent; none of it goes on. */
function refuse(cause: unknown): never {
  throw new AppError('FACTOR_REFUSED', undefined, { cause });
}

function refused(): AppError {
  return new AppError('FACTOR_REFUSED');
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text, 'utf8'));
}

function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text, 'base64url'));
}
