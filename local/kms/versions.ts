import type { protos } from '@google-cloud/kms';
import type { KeyVersion } from './key-state.ts';
import { withNewVersion, withVersion } from './lifecycle.ts';
import { type VersionMessage, versionMessage } from './messages.ts';
import { checkedName, checkedVersionName, versionName } from './names.ts';
import { type ListRequest, pageOf } from './paging.ts';
import { invalid, notOffered, wrongState } from './refusal.ts';
import type { FoundVersion, KeyStore } from './store.ts';

/** A new version never becomes primary by itself: that is a step of its own. */
export function createCryptoKeyVersion(
  store: KeyStore,
  request: { parent: string; cryptoKeyVersion: { state: string } | null },
): VersionMessage {
  const state = request.cryptoKeyVersion?.state ?? 'CRYPTO_KEY_VERSION_STATE_UNSPECIFIED';
  if (state !== 'CRYPTO_KEY_VERSION_STATE_UNSPECIFIED' && state !== 'ENABLED') {
    throw notOffered('new versions that are not enabled');
  }
  const key = store.cryptoKey(checkedName('cryptoKey', request.parent));
  const changed = withNewVersion(key, store.now());
  store.putCryptoKeys(changed);
  return getCryptoKeyVersion(store, { name: versionName(key.name, changed.versions.length) });
}

export function getCryptoKeyVersion(store: KeyStore, request: { name: string }): VersionMessage {
  const { key, version } = store.version(checkedVersionName(request.name));
  return versionMessage(key, version);
}

export function listCryptoKeyVersions(
  store: KeyStore,
  request: ListRequest,
): protos.google.cloud.kms.v1.IListCryptoKeyVersionsResponse {
  const key = store.cryptoKey(checkedName('cryptoKey', request.parent));
  const { items, ...page } = pageOf(key.versions, request);
  return { cryptoKeyVersions: items.map((version) => versionMessage(key, version)), ...page };
}

interface UpdateCryptoKeyVersionRequest {
  cryptoKeyVersion: { name: string; state: string } | null;
  updateMask: { paths: string[] } | null;
}

/** Enables and disables, between these two states only. */
export function updateCryptoKeyVersion(
  store: KeyStore,
  request: UpdateCryptoKeyVersionRequest,
): VersionMessage {
  const wanted = request.cryptoKeyVersion;
  if (wanted === null) throw invalid('crypto_key_version is required.');
  const paths = request.updateMask?.paths ?? [];
  if (paths.length === 0 || paths.some((path) => path !== 'state')) {
    throw invalid('update_mask names state and nothing else.');
  }
  if (wanted.state !== 'ENABLED' && wanted.state !== 'DISABLED') {
    throw invalid('The state can be set to ENABLED or DISABLED only.');
  }
  const found = store.version(checkedVersionName(wanted.name));
  if (!hasUsableMaterial(found)) throw wrongState('The version is destroyed or about to be.');
  return replaced(store, found, { state: wanted.state });
}

export function destroyCryptoKeyVersion(store: KeyStore, request: { name: string }): VersionMessage {
  const found = store.version(checkedVersionName(request.name));
  if (!hasUsableMaterial(found)) throw wrongState('The version is destroyed already or about to be.');
  const destroyTime = store.now() + found.key.destroyScheduledDuration;
  return replaced(store, found, { state: 'DESTROY_SCHEDULED', destroyTime });
}

export function restoreCryptoKeyVersion(store: KeyStore, request: { name: string }): VersionMessage {
  const found = store.version(checkedVersionName(request.name));
  if (found.version.state !== 'DESTROY_SCHEDULED')
    throw wrongState('The version is not about to be destroyed.');
  return replaced(store, found, { state: 'DISABLED', destroyTime: null });
}

function hasUsableMaterial(found: FoundVersion): boolean {
  return found.version.state === 'ENABLED' || found.version.state === 'DISABLED';
}

function replaced(store: KeyStore, found: FoundVersion, changes: Partial<KeyVersion>): VersionMessage {
  const version = { ...found.version, ...changes };
  store.putCryptoKeys(withVersion(found.key, version));
  return versionMessage(found.key, version);
}
