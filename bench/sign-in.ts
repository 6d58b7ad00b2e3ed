import { randomBytes } from 'node:crypto';
import { issueSession } from '../shared/accounts/sessions.ts';
import { addMember, newMember } from '../shared/accounts/member-store.ts';
import { createPasswords } from '../shared/accounts/passwords.ts';
import { paths } from '../shared/cloud/firestore.ts';
import { randomId } from '../shared/domain/ids.ts';
import { timestamp } from '../shared/domain/time.ts';
import { API_KEY_SCOPES } from '../shared/domain/api-key.ts';
import { storeApiKey } from '../shared/http/authenticate.ts';
import type { Cloud } from '../local/cloud.ts';
import { seedDeps, type SeedDeps } from '../local/seed.ts';
import { startBundled } from './bundled.ts';
import { fire, firstAnswer } from './load.ts';
import type { Figure } from './table.ts';

/** As many as sign in at once: more than a function computes hashes of at a time. */
const AT_ONCE = 16;
const WARM_UP = 20;

/** What is read of Firestore for who calls, over what the same request reads of a caller that is known already. */
export interface AuthenticationReads {
  keyFirst: number;
  keyAgain: number;
  sessionFirst: number;
  sessionAgain: number;
}

/**
 * Reads that authentication adds to a request of `orders`: of a credential that the instance has not seen, and of the
 * same one again. An empty list is asked for, which is one read of its own.
 */
export async function authenticationReads(cloud: Cloud): Promise<AuthenticationReads> {
  const seed = seedDeps(cloud);
  const { companyId, memberId } = await newCompany(
    seed,
    await createPasswords().hash('of nobody who signs in'),
  );
  const key = { companyId, mode: 'test', name: 'bench', scopes: API_KEY_SCOPES, expiresAt: null } as const;
  const { apiKey } = await storeApiKey(seed.db, key, seed.now);
  const batch = seed.db.batch();
  const of = { companyId, memberId, mode: 'test', role: 'owner', level: 'full' } as const;
  const { token } = issueSession(batch, of, seed);
  await batch.commit();
  const reads = async (credential: string): Promise<number> => {
    const { counts } = cloud.doors.orders;
    counts.reset();
    await expectStatus(200, list(cloud, credential));
    const alone = counts.snapshot().reads;
    return alone;
  };
  const measured = [await reads(apiKey), await reads(apiKey), await reads(token), await reads(token)];
  // The list itself.
  const own = Math.min(...measured);
  const [keyFirst = 0, keyAgain = 0, sessionFirst = 0, sessionAgain = 0] = measured.map((all) => all - own);
  return { keyFirst, keyAgain, sessionFirst, sessionAgain };
}

/**
 * Sign-ins a second that two cores can do, right and whole, each of another member: by the processor time that the
 * function's process took for them, beside that of the hashes alone.
 */
export async function signInFigures(cloud: Cloud, accounts: string, signIns: number): Promise<Figure[]> {
  const seed = seedDeps(cloud);
  const passwords = createPasswords();
  const password = randomBytes(16).toString('base64url');
  const stored = await passwords.hash(password);
  const bodies: Buffer[] = [];
  for (let made = 0; made < signIns + WARM_UP; made += 1) {
    const { email } = await newCompany(seed, stored);
    bodies.push(Buffer.from(JSON.stringify({ email, password })));
  }
  const bundled = await startBundled(accounts, cloud.envOf('accounts'), { probed: true });
  const next = () => ({
    ...{ method: 'POST', path: '/v1/sessions', body: bodies.pop() ?? Buffer.alloc(0) },
    // As the load balancer writes it: each member is somewhere else, or one source would soon be told to wait.
    headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': forwardedFor(bodies.length) },
  });
  try {
    await firstAnswer(bundled.port, next());
    await fire(bundled.port, { count: WARM_UP - 1, atOnce: AT_ONCE, next });
    const before = await bundled.usage();
    await fire(bundled.port, { count: signIns, atOnce: AT_ONCE, next });
    const spent = (await bundled.usage()).cpuSeconds - before.cpuSeconds;
    const reads = await authenticationReads(cloud);
    const read = (who: string, ours: number, aim: number): Figure => ({
      ...{ what: `reads to know ${who}`, unit: 'reads', ours, better: 'less', aim },
    });
    return [
      {
        what: 'sign-ins a second on two cores',
        unit: '/s',
        ours: (2 * signIns) / spent,
        better: 'more',
        aim: 60,
      },
      {
        ...{ what: 'hashes of passwords a second on two cores', unit: '/s', better: 'more' },
        ours: (2 * signIns) / (await hashing(signIns, () => passwords.verify(stored, password))),
      },
      read('an API key', reads.keyFirst, 1),
      read('an API key again', reads.keyAgain, 0),
      read('a session', reads.sessionFirst, 1),
      read('a session again', reads.sessionAgain, 0),
    ];
  } finally {
    await bundled.stop();
  }
}

/** Another address of a network that is nobody's (RFC 2544) for each number. */
function forwardedFor(number: number): string {
  return `198.18.${number >> 8}.${number & 255}, 192.0.2.1`;
}

/** Seconds of processor time for so many hashes in this process. */
async function hashing(count: number, hash: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  for (let done = 0; done < count; done += 1) await hash();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function newCompany(
  seed: SeedDeps,
  passwordHash: string,
): Promise<{ companyId: string; memberId: string; email: string }> {
  const companyId = randomId('company');
  const memberId = randomId('member');
  const email = `${memberId}@bench.example`;
  await seed.keyring.createCompanyKey(companyId);
  const member = await newMember({ companyId, memberId, email, role: 'member', passwordHash }, seed);
  const batch = seed.db.batch();
  const company = { name: 'Bench', mode: 'test', createdAt: timestamp(seed.now), closing: null };
  batch.create(seed.db.doc(paths.company(companyId)), company);
  addMember(batch, member, seed);
  await batch.commit();
  return { companyId, memberId, email };
}

function list(cloud: Cloud, credential: string): Promise<Response> {
  return fetch(`${cloud.baseUrl}/v1/orders?limit=1`, { headers: { Authorization: `Bearer ${credential}` } });
}

async function expectStatus(status: number, asking: Promise<Response>): Promise<void> {
  const answer = await asking;
  await answer.arrayBuffer();
  if (answer.status !== status) throw new Error(`${answer.url} was answered ${answer.status}`);
}
