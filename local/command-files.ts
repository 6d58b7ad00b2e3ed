import { mkdir, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Cloud } from './cloud.ts';
import type { Identity } from './roles.ts';

/** What the operator's commands run as, on this machine: each finds its environment in the file of its name. */
const COMMANDS: readonly { identity: Identity; file: string }[] = [
  { identity: 'replay-ledger', file: 'replay-ledger.env' },
  { identity: 'restore', file: 'restore.env' },
  { identity: 'rewrap', file: 'rewrap.env' },
  { identity: 'plant-drill', file: 'plant-drill.env' },
  { identity: 'staff-admin', file: 'staff.env' },
  { identity: 'bill', file: 'bill.env' },
];
const FOLDER = '.strongroom';

/** `clockUrl`: where the hub's time can be asked for. */
export async function writeCommandFiles(cloud: Pick<Cloud, 'envOf'>, clockUrl: string): Promise<void> {
  await mkdir(resolve(FOLDER), { recursive: true });
  for (const { identity, file } of COMMANDS) {
    const env = { ...cloud.envOf(identity), LOCAL_CLOCK: clockUrl };
    await writeFile(resolve(FOLDER, file), linesOf(env), { mode: 0o600 });
  }
}

export async function removeCommandFiles(): Promise<void> {
  for (const { file } of COMMANDS) await rm(resolve(FOLDER, file), { force: true });
}

function linesOf(env: Record<string, string>): string {
  return Object.entries(env)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
