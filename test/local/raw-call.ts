import { readFileSync } from 'node:fs';
import { Client, compressionAlgorithms, credentials, Metadata } from '@grpc/grpc-js';
import { fromJSON, type ServiceDefinition } from '@grpc/proto-loader';

const SOURCES: Record<string, string> = {
  'google.firestore.v1.Firestore': 'firestore/build/protos/v1.json',
  'google.firestore.admin.v1.FirestoreAdmin': 'firestore-api/build/protos/protos.json',
  'google.pubsub.v1.Publisher': 'pubsub/build/protos/protos.json',
  'google.cloud.kms.v1.KeyManagementService': 'kms/build/protos/protos.json',
};

function definition(service: string, method: string) {
  const url = new URL(`../../node_modules/@google-cloud/${SOURCES[service] ?? ''}`, import.meta.url);
  const json = JSON.parse(readFileSync(url, 'utf8')) as Parameters<typeof fromJSON>[0];
  const found = (fromJSON(json, { longs: Number })[service] as ServiceDefinition)[method];
  if (!found) throw new Error(`${service} has no ${method}`);
  return found;
}

/** The bytes of one request, for tests that change them. */
export function encoded(service: string, method: string, request: object): Buffer {
  return definition(service, method).requestSerialize(request);
}

/**
 * One call without any of the official clients' care (they repeat refused streams for seconds, and never name two
 * databases in one request). Answers every message of the answer, decoded.
 */
export async function rawCall(
  endpoint: string,
  [service, method]: readonly [service: string, method: string],
  request: object | Buffer,
  options: { headers?: Record<string, string>; gzip?: boolean } = {},
): Promise<object[]> {
  const { path, requestSerialize, responseDeserialize } = definition(service, method);
  const { headers = {}, gzip = false } = options;
  const client = new Client(endpoint, credentials.createInsecure(), {
    'grpc.default_compression_algorithm': compressionAlgorithms[gzip ? 'gzip' : 'identity'],
  });
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const bytes = Buffer.isBuffer(request) ? request : requestSerialize(request);
  const stream = client.makeServerStreamRequest(
    path,
    (value: Buffer) => value,
    responseDeserialize,
    bytes,
    metadata,
  );
  try {
    return (await stream.toArray()) as object[];
  } finally {
    client.close();
  }
}

export const FIRESTORE = 'google.firestore.v1.Firestore';
export const FIRESTORE_ADMIN = 'google.firestore.admin.v1.FirestoreAdmin';
export const PUBLISHER = 'google.pubsub.v1.Publisher';
export const KMS = 'google.cloud.kms.v1.KeyManagementService';
