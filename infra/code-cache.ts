/**
 * Writes the compiled code of a bundle. Run by the build under the very flags that the function is started with, as
 * compiled code is good for these alone:
 *
 *     node [flags] infra/code-cache.ts dist/webhooks
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Bundle, runBundle } from './script.ts';

/** Nothing listens there: the clients are made, find nobody, and give up. */
const NOWHERE = '127.0.0.1:9';
const KEY = 'projects/none/locations/global/keyRings/none/cryptoKeys/none';
const ENVIRONMENT = {
  NODE_ENV: 'production',
  METADATA_SERVER_DETECTION: 'none',
  GOOGLE_CLOUD_PROJECT: 'none',
  STRONGROOM_ENV: 'local',
  BASE_URL: `http://${NOWHERE}`,
  KMS_TENANT_KEK: KEY,
  KMS_RECOVERY_KEK: KEY,
  KMS_ATTEST: KEY,
  LEDGER_BUCKET: 'none',
  LOG_BUCKET: 'none',
  BACKUP_BUCKET: 'none',
  KEYRING_BACKUP_BUCKET: 'none',
  OFFSITE_BACKUP_BUCKET: 'none',
  OFFSITE_KEYRING_BACKUP_BUCKET: 'none',
  OFFSITE_LOG_BUCKET: 'none',
  CLOUD_ENDPOINT: NOWHERE,
  STORAGE_ENDPOINT: `http://${NOWHERE}`,
};

/** By then what a first call loads is loaded; waiting for the end of its repeats would add nothing. */
const LONG_ENOUGH_MS = 1_000;

async function main(folder: string): Promise<void> {
  Object.assign(process.env, ENVIRONMENT);
  const module = { exports: {} };
  const script = runBundle(folder, module, createRequire(join(folder, 'index.cjs')));
  const server = (module.exports as Bundle).server().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await Promise.race([delay(LONG_ENOUGH_MS), Promise.allSettled(firstCalls(`http://127.0.0.1:${port}`))]);
  writeFileSync(join(folder, 'function.cjs.cache'), script.createCachedData());
}

/** One of each form that some function is called in; the others answer that there is nothing here. */
function firstCalls(url: string): Promise<Response>[] {
  const id = '0'.repeat(26);
  const headers = { 'Content-Type': 'application/json' };
  const data = Buffer.from(JSON.stringify({ companyId: `cmp_${id}`, orderId: `ord_${id}` })).toString(
    'base64',
  );
  const push = JSON.stringify({ message: { data, messageId: '1' }, subscription: 'none' });
  return [
    fetch(`${url}/webhooks/con_${id}`, { method: 'POST', headers, body: '{}' }),
    fetch(`${url}/v1/orders`, { headers: { Authorization: `Bearer none` } }),
    fetch(`${url}/.well-known/jwks.json`),
    fetch(url, { method: 'POST', headers, body: push }),
  ];
}

await main(resolve(process.argv[2] ?? ''));
process.exit();
