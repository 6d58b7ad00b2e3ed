import { type handleUnaryCall, status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { asymmetricSign, getPublicKey } from './asymmetric.ts';
import {
  createCryptoKey,
  getCryptoKey,
  listCryptoKeys,
  updateCryptoKeyPrimaryVersion,
} from './crypto-keys.ts';
import { createKeyRing, getKeyRing, listKeyRings } from './key-rings.ts';
import { Refusal } from './refusal.ts';
import type { KeyStore } from './store.ts';
import { decrypt, encrypt } from './symmetric.ts';
import {
  createCryptoKeyVersion,
  destroyCryptoKeyVersion,
  getCryptoKeyVersion,
  listCryptoKeyVersions,
  restoreCryptoKeyVersion,
  updateCryptoKeyVersion,
} from './versions.ts';

/** A request has the type that its handler declares: gRPC decoded it by the service's own definition. */
type Handler = (store: KeyStore, request: never) => object;

/** The offered methods of google.cloud.kms.v1.KeyManagementService; gRPC answers UNIMPLEMENTED for the others. */
const METHODS: Record<string, Handler> = {
  CreateKeyRing: createKeyRing,
  GetKeyRing: getKeyRing,
  ListKeyRings: listKeyRings,
  CreateCryptoKey: createCryptoKey,
  GetCryptoKey: getCryptoKey,
  ListCryptoKeys: listCryptoKeys,
  UpdateCryptoKeyPrimaryVersion: updateCryptoKeyPrimaryVersion,
  CreateCryptoKeyVersion: createCryptoKeyVersion,
  GetCryptoKeyVersion: getCryptoKeyVersion,
  ListCryptoKeyVersions: listCryptoKeyVersions,
  UpdateCryptoKeyVersion: updateCryptoKeyVersion,
  DestroyCryptoKeyVersion: destroyCryptoKeyVersion,
  RestoreCryptoKeyVersion: restoreCryptoKeyVersion,
  Encrypt: encrypt,
  Decrypt: decrypt,
  AsymmetricSign: asymmetricSign,
  GetPublicKey: getPublicKey,
};

/** What stands around every call: it is counted, it may be told to fail, and the clock is looked at first. */
export interface Surroundings {
  readonly store: KeyStore;
  /** How often each method was called, refused calls included. */
  readonly calls: Map<string, number>;
  /** The status that every call is answered with for now; `null` while the service works. */
  failing: status | null;
}

export function keyManagementService(around: Surroundings): UntypedServiceImplementation {
  return Object.fromEntries(
    Object.entries(METHODS).map(([method, handler]) => [method, unary(around, method, handler)]),
  );
}

function unary(around: Surroundings, method: string, handler: Handler): handleUnaryCall<object, object> {
  return (call, callback) => {
    around.calls.set(method, (around.calls.get(method) ?? 0) + 1);
    try {
      if (around.failing !== null) throw new Refusal(around.failing, 'The local KMS was told to answer so.');
      around.store.catchUp();
      callback(null, handler(around.store, call.request as never));
    } catch (error) {
      callback(refusalOf(error));
    }
  };
}

function refusalOf(error: unknown): { code: status; details: string } {
  if (error instanceof Refusal) return { code: error.code, details: error.message };
  console.error('The local KMS failed:', error);
  return { code: status.INTERNAL, details: 'Internal error.' };
}
