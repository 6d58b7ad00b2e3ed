import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import type { Firestore } from '@google-cloud/firestore';
import { compactDecrypt, exportJWK, generateKeyPair } from 'jose';
import { Secret, TOTP } from 'otpauth';
import { expect } from 'vitest';
import { issueSession } from '../../shared/accounts/sessions.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { openFirestore, paths } from '../../shared/cloud/firestore.ts';
import { randomId } from '../../shared/domain/ids.ts';
import type { MemberRole } from '../../shared/domain/roles.ts';
import type { StaffRole } from '../../shared/domain/staff.ts';
import type { PublicKey, Reach } from '../../shared/domain/support.ts';
import { addStaff, type OperatorDeps, recordTraining } from '../../shared/staff/accounts.ts';
import { softwareAuthenticator, type SoftwareAuthenticator } from '../support/authenticator.ts';
import { type Market, startMarket } from '../support/market.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const PASSWORD = 'seven anvils under a paper moon';

/** An answer of the API. A test reads what the published document says is there, against which it was checked. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: {
    id: string;
    code: string;
    state: string;
    digest: string;
    jwe: string;
    token: string;
    attempt: string;
    passkey: PublicKeyCredentialRequestOptionsJSON & PublicKeyCredentialCreationOptionsJSON;
    app: { secret: string };
    attested: string[];
    approved: { reach: Reach };
    shipTo: { lastName: string };
    errors: { path: string }[];
    data: { id: string }[];
    next: string | null;
  };
}

/** One of our own people, in a browser with an authenticator. */
export interface Person {
  id: string;
  name: string;
  device: SoftwareAuthenticator;
  /** The token of a fresh session. */
  signIn(): Promise<string>;
}

/** A key pair as the staff member's browser makes it for one request; the private half can not be exported. */
export interface BrowserKey {
  publicKey: PublicKey;
  /** What a JWE holds, as JSON. */
  open(jwe: string): Promise<unknown>;
}

/** Two merchants, our own people, and every right to look behind. */
export interface DeskFixture {
  market: Market;
  db: Firestore;
  keyring: Firestore;
  /** The database of our own people. */
  staff: Firestore;
  operator: OperatorDeps;
  companyId: string;
  /** Calls with any token; `null` sends none. The answer was checked against the published document. */
  call: (token: string | null, method: string, path: string, body?: unknown) => Promise<Answer>;
  /** An account with a passkey; trained for 300 days unless said otherwise. */
  person(role: StaffRole, options?: { trained?: boolean }): Promise<Person>;
  /** A whole session of a member of the retailer. */
  member(role?: MemberRole, company?: string): Promise<string>;
  /** Asks for what is given, as a person with this session; the request's id and digest. */
  ask(token: string, asked: Partial<Reach>, key: BrowserKey): Promise<{ id: string; digest: string }>;
  /** The same, approved by the owner as it was asked. */
  approved(token: string, asked: Partial<Reach>, key: BrowserKey): Promise<string>;
  /** The merchant's log about a request or by a person, oldest first: action and result. */
  logOf(filter: string): Promise<string[]>;
  stop(): Promise<void>;
}

/** Starts the market unless one is given. The caller calls `stop`, which stops its cloud too. */
export async function openDesk(given?: Market): Promise<DeskFixture> {
  const market = given ?? (await startMarket());
  const { cloud, retailer } = market;
  const now = (): number => cloud.clock.now();
  const config = readConfig(cloud.envOf('seed'));
  const db = openFirestore(config, '(default)');
  const keyring = openFirestore(config, 'keyring');
  const staff = openFirestore(config, 'staff');
  const operator = { db: openFirestore(readConfig(cloud.envOf('staff-admin')), 'staff'), now };
  const { companyId } = retailer;
  let people = 0;

  const call: DeskFixture['call'] = async (token, method, path, body) => {
    const answer = await retailer.call(method, path, { apiKey: token, ...(body !== undefined && { body }) });
    return { ...answer, json: answer.json as Answer['json'] };
  };

  const person: DeskFixture['person'] = async (role, { trained = true } = {}) => {
    people += 1;
    const name = `desk-${String(people).padStart(2, '0')}`;
    const device = softwareAuthenticator(config.relyingParty.origin);
    const { id, code } = await addStaff(name, role, operator);
    if (trained) await recordTraining(name, new Date(now() + 300 * DAY).toISOString().slice(0, 10), operator);
    const options = await call(null, 'POST', '/v1/staff/enrolments/options', { name, code });
    expect(options.status).toBe(201);
    const enrolled = await call(null, 'POST', '/v1/staff/enrolments', {
      ...{ name, code },
      passkey: device.create(options.json.passkey),
    });
    expect(enrolled.status).toBe(204);
    return { id, name, device, signIn: () => signInWith(device, call) };
  };

  const member: DeskFixture['member'] = async (role = 'owner', company = companyId) => {
    const batch = db.batch();
    const of = {
      companyId: company,
      memberId: randomId('member'),
      mode: 'test',
      role,
      level: 'full',
    } as const;
    const { token } = issueSession(batch, of, { db, now });
    await batch.commit();
    return token;
  };

  const ask: DeskFixture['ask'] = async (token, asked, { publicKey }) => {
    const answer = await call(token, 'POST', '/v1/support/requests', question(companyId, asked, publicKey));
    expect(answer.status, answer.text).toBe(201);
    return answer.json;
  };

  const approved: DeskFixture['approved'] = async (token, asked, key) => {
    const { id, digest } = await ask(token, asked, key);
    const answer = await call(await member(), 'POST', `/v1/approvals/${id}/approve`, { digest });
    expect(answer.status, answer.text).toBe(200);
    return id;
  };

  return {
    ...{ market, db, keyring, staff, operator, companyId, call, person, member, ask, approved },
    async logOf(filter) {
      const found = await db.collection(paths.audit(companyId)).get();
      return found.docs
        .map((doc) => doc.data())
        .filter((entry) => JSON.stringify(entry).includes(filter))
        .sort((a, b) => (String(a['at']) < String(b['at']) ? -1 : 1))
        .map((entry) => `${String(entry['action'])} ${String(entry['result'])}`);
    },
    async stop() {
      await Promise.all([db.terminate(), keyring.terminate(), staff.terminate(), operator.db.terminate()]);
      await cloud.stop();
    },
  };
}

/** The body of a request, with what is not given in it left narrow. */
export function question(companyId: string, asked: Partial<Reach>, publicKey: PublicKey) {
  return {
    companyId,
    purpose: 'order_stuck',
    ticket: 'DESK-1024',
    asked: { records: [], kinds: [], actions: [], minutes: 60, ...asked },
    publicKey,
  };
}

export async function browserKey(): Promise<BrowserKey> {
  const pair = await generateKeyPair('ECDH-ES', { crv: 'P-256' });
  const { x = '', y = '' } = await exportJWK(pair.publicKey);
  return {
    publicKey: { kty: 'EC', crv: 'P-256', x, y },
    async open(jwe) {
      const { plaintext } = await compactDecrypt(jwe, pair.privateKey, {
        keyManagementAlgorithms: ['ECDH-ES'],
        contentEncryptionAlgorithms: ['A256GCM'],
      });
      return JSON.parse(Buffer.from(plaintext).toString('utf8')) as unknown;
    },
  };
}

async function signInWith(device: SoftwareAuthenticator, call: DeskFixture['call']): Promise<string> {
  const answer = await tryPasskey(device, call);
  expect(answer.status, answer.text).toBe(201);
  return answer.json.token;
}

/** Both steps of a sign-in with a passkey. */
export async function tryPasskey(
  device: SoftwareAuthenticator,
  call: DeskFixture['call'],
  odd: Parameters<SoftwareAuthenticator['get']>[1] = {},
): Promise<Answer> {
  const options = await call(null, 'POST', '/v1/staff/sessions/options');
  const { attempt, passkey } = options.json;
  return call(null, 'POST', '/v1/staff/sessions', { attempt, passkey: device.get(passkey, odd) });
}

/** The code that an authenticator app shows at a time, in milliseconds. */
export function appCode(secret: string, at: number): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: at });
}
