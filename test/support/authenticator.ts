import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import type { PasskeyAssertion, PasskeyAttestation } from '../../shared/factors/passkeys.ts';

/** What a browser or an authenticator would do otherwise than it should. */
export interface Misbehaviour {
  origin?: string;
  rpId?: string;
  challenge?: string;
  type?: string;
  crossOrigin?: boolean;
  /** Flags of the authenticator data: user present, user verified. */
  present?: boolean;
  verified?: boolean;
  counter?: number;
  userHandle?: string;
  format?: string;
  statement?: [Cbor, Cbor][];
}

interface Credential {
  id: Buffer;
  privateKey: KeyObject;
  userHandle: string;
  counter: number;
}

/** A browser with an authenticator in it: WebAuthn as it goes over the wire, with ES256 and attestation `none`. */
export interface SoftwareAuthenticator {
  /** `navigator.credentials.create(...)`, then `toJSON()`. */
  create(options: PublicKeyCredentialCreationOptionsJSON, odd?: Misbehaviour): PasskeyAttestation;
  /** `navigator.credentials.get(...)`, then `toJSON()`. */
  get(options: PublicKeyCredentialRequestOptionsJSON, odd?: Misbehaviour): PasskeyAssertion;
  /** The same device once more, as a thief would copy it: same keys, counters of its own from here on. */
  copy(): SoftwareAuthenticator;
}

/** `origin` is the page on which it is used. `counts: false` is a synced passkey, whose counter stays 0. */
export function softwareAuthenticator(
  origin: string,
  { counts = true, credentials = [] }: { counts?: boolean; credentials?: Credential[] } = {},
): SoftwareAuthenticator {
  const held = credentials.map((credential) => ({ ...credential }));
  return {
    copy: () => softwareAuthenticator(origin, { counts, credentials: held }),

    create(options, odd = {}) {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const credential = { id: randomBytes(32), privateKey, userHandle: options.user.id, counter: 0 };
      held.push(credential);
      const data = Buffer.concat([
        authenticatorData(odd.rpId ?? options.rp.id ?? '', FLAG.attested, odd.counter ?? 0, odd),
        Buffer.alloc(16), // AAGUID
        Buffer.of(credential.id.length >> 8, credential.id.length & 0xff),
        credential.id,
        coseKey(publicKey),
      ]);
      const attestation = cbor([
        ['fmt', odd.format ?? 'none'],
        ['attStmt', odd.statement ?? []],
        ['authData', data],
      ]);
      const clientDataJSON = clientData('webauthn.create', options.challenge, origin, odd);
      return {
        ...named(credential),
        response: {
          clientDataJSON: clientDataJSON.toString('base64url'),
          attestationObject: attestation.toString('base64url'),
          transports: ['internal'],
        },
      };
    },

    get(options, odd = {}) {
      const allowed = options.allowCredentials?.map(({ id }) => id) ?? [];
      const credential = held.find(
        ({ id }) => allowed.length === 0 || allowed.includes(id.toString('base64url')),
      );
      if (credential === undefined) throw new Error('the authenticator has none of these passkeys');
      if (counts) credential.counter += 1;
      const data = authenticatorData(
        odd.rpId ?? options.rpId ?? '',
        0,
        odd.counter ?? credential.counter,
        odd,
      );
      const clientDataJSON = clientData('webauthn.get', options.challenge, origin, odd);
      const signed = Buffer.concat([data, createHash('sha256').update(clientDataJSON).digest()]);
      return {
        ...named(credential),
        response: {
          clientDataJSON: clientDataJSON.toString('base64url'),
          authenticatorData: data.toString('base64url'),
          signature: sign('sha256', signed, credential.privateKey).toString('base64url'),
          userHandle: odd.userHandle ?? credential.userHandle,
        },
      };
    },
  };
}

/** WebAuthn, section 6.1. */
const FLAG = { present: 0x01, verified: 0x04, attested: 0x40 };

function authenticatorData(rpId: string, flags: number, counter: number, odd: Misbehaviour): Buffer {
  const present = odd.present === false ? 0 : FLAG.present;
  const verified = odd.verified === false ? 0 : FLAG.verified;
  const tail = Buffer.alloc(5);
  tail.writeUInt8(flags | present | verified);
  tail.writeUInt32BE(counter, 1);
  return Buffer.concat([createHash('sha256').update(rpId).digest(), tail]);
}

function clientData(type: string, challenge: string, origin: string, odd: Misbehaviour): Buffer {
  const data = {
    type: odd.type ?? type,
    challenge: odd.challenge ?? challenge,
    origin: odd.origin ?? origin,
    crossOrigin: odd.crossOrigin ?? false,
  };
  return Buffer.from(JSON.stringify(data), 'utf8');
}

function named({ id }: Credential): { id: string; rawId: string; type: 'public-key' } {
  const text = id.toString('base64url');
  return { id: text, rawId: text, type: 'public-key' };
}

/** RFC 9053, sections 2.1 and 7.1: an EC2 key on P-256 for ES256. */
function coseKey(publicKey: KeyObject): Buffer {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  return cbor([
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, Buffer.from(x, 'base64url')],
    [-3, Buffer.from(y, 'base64url')],
  ]);
}

type Cbor = number | string | Buffer | [Cbor, Cbor][];

/** As much of RFC 8949 as an authenticator says: integers, bytes, text and maps. */
function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? cborHead(1, -1 - value) : cborHead(0, value);
  if (typeof value === 'string')
    return Buffer.concat([cborHead(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([cborHead(2, value.length), value]);
  return Buffer.concat([cborHead(5, value.length), ...value.flatMap((pair) => pair.map(cbor))]);
}

function cborHead(major: number, length: number): Buffer {
  if (length < 24) return Buffer.of((major << 5) | length);
  if (length < 0x100) return Buffer.of((major << 5) | 24, length);
  return Buffer.of((major << 5) | 25, length >> 8, length & 0xff);
}
