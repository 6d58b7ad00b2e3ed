/**
 * `npm run staff`: the operator's command over accounts of staff. No function that is reachable from anywhere can make
 * one, record a training or give access back. It takes its surroundings from the environment, as a function does; on
 * one machine from the file that `npm start` leaves.
 */
import { z } from 'zod';
import { openFirestore } from '../shared/cloud/firestore.ts';
import { STAFF_ROLES, StaffName } from '../shared/domain/staff.ts';
import {
  addStaff,
  newFactorsFor,
  type OperatorDeps,
  recordTraining,
  restoreStaff,
  suspendStaff,
} from '../shared/staff/accounts.ts';
import { listStaff } from '../shared/staff/attest.ts';
import { clockOf, Misuse, runCommand, surroundings } from './command.ts';

const USAGE = `Usage: npm run staff -- <command>
  list
  add <name> <${STAFF_ROLES.join('|')}>   makes an account and answers a code for its two factors
  factors <name>                 answers a fresh code, for somebody who lost a factor
  train <name> <YYYY-MM-DD>      records until when a training counts
  suspend <name>                 ends the account's access at once
  restore <name>                 gives it back for a week, in which the reviewer attests it`;

const Name = StaffName;
const Command = z.union([
  z.tuple([z.literal('list')]),
  z.tuple([z.literal('add'), Name, z.enum(STAFF_ROLES)]),
  z.tuple([z.literal('train'), Name, z.iso.date()]),
  z.tuple([z.enum(['factors', 'suspend', 'restore']), Name]),
]);
type Command = z.infer<typeof Command>;

async function run(command: Command, deps: OperatorDeps): Promise<string> {
  const [verb, name] = command;
  switch (verb) {
    case 'list':
      return list(deps);
    case 'add': {
      const { id, code } = await addStaff(command[1], command[2], deps);
      return `${command[1]} is ${id}. The code for its two factors, good for a day: ${code}`;
    }
    case 'factors': {
      const { code } = await newFactorsFor(name, deps);
      return `The code for new factors, good for a day: ${code}`;
    }
    case 'train':
      await recordTraining(command[1], command[2], deps);
      return `Trained through ${command[2]}.`;
    case 'suspend':
      await suspendStaff(name, deps);
      return 'Suspended, and signed out everywhere.';
    case 'restore':
      await restoreStaff(name, deps);
      return 'Active again. The reviewer has a week to attest it.';
  }
}

async function list(deps: OperatorDeps): Promise<string> {
  const { rows } = await listStaff(deps);
  return rows
    .map((row) =>
      [
        row.id,
        row.name,
        row.role,
        row.state,
        row.factors.join('+') || 'no factors',
        `trained until ${row.trainedUntil ?? '-'}`,
        `attested ${row.attestedAt ?? '-'}`,
        `last used ${row.lastUsedOn ?? '-'}`,
      ].join('  '),
    )
    .join('\n');
}

async function main(args: string[]): Promise<void> {
  const command = Command.safeParse(args);
  if (!command.success) throw new Misuse();
  const config = surroundings('staff');
  console.log(await run(command.data, { db: openFirestore(config, 'staff'), now: await clockOf(config) }));
}

runCommand(USAGE, main);
