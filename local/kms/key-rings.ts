import type { protos } from '@google-cloud/kms';
import { type KeyRingMessage, keyRingMessage } from './messages.ts';
import { checkedName, childName } from './names.ts';
import { type ListRequest, pageOf } from './paging.ts';
import { alreadyExists } from './refusal.ts';
import type { KeyStore } from './store.ts';

export function createKeyRing(
  store: KeyStore,
  request: { parent: string; keyRingId: string },
): KeyRingMessage {
  const name = childName(checkedName('location', request.parent), 'keyRings', request.keyRingId);
  if (store.hasKeyRing(name)) throw alreadyExists('KeyRing');
  const ring = { name, createTime: store.now() };
  store.putKeyRing(ring);
  return keyRingMessage(ring);
}

export function getKeyRing(store: KeyStore, request: { name: string }): KeyRingMessage {
  return keyRingMessage(store.keyRing(checkedName('keyRing', request.name)));
}

export function listKeyRings(
  store: KeyStore,
  request: ListRequest,
): protos.google.cloud.kms.v1.IListKeyRingsResponse {
  const { items, ...page } = pageOf(store.keyRings(checkedName('location', request.parent)), request);
  return { keyRings: items.map(keyRingMessage), ...page };
}
