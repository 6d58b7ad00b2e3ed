import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { textOf } from '../../local/letters.ts';
import { seedDeps, type SeedDeps } from '../../local/seed.ts';
import { StoredMember } from '../../shared/accounts/documents.ts';
import { issueSession } from '../../shared/accounts/sessions.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { randomId } from '../../shared/domain/ids.ts';
import type { MemberRole } from '../../shared/domain/roles.ts';
import type { OpenApiDocument } from '../../shared/http/openapi.ts';
import { type TestCloud, testCloud } from '../support/cloud.ts';
import { jsonOf } from '../support/market.ts';
import { answerCheck } from '../support/openapi-check.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Strong, and of nobody. */
export const PASSWORD = 'seven plain bricks under a lime tree';
export const OTHER_PASSWORD = 'nine quiet lamps beside the harbour wall';

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  // Tests read answers as a client without our types would; the OpenAPI check holds their form.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  json: any;
}

export interface Ask {
  body?: unknown;
  token?: string;
  /** The address that the request comes from: any of this machine's, 127.0.0.0/8. */
  from?: string;
  headers?: Record<string, string>;
}

/** A letter as its reader sees it. */
export interface Letter {
  subject: string;
  text: string;
  /** What the link carries in its fragment. */
  token: string;
}

export interface Account {
  email: string;
  companyId: string;
  memberId: string;
  /** A whole session, as if a second factor had been shown. */
  token: string;
}

/** The hub with nobody in it, and a way to be anybody who signs up. */
export interface People {
  cloud: TestCloud;
  seed: SeedDeps;
  document: OpenApiDocument;
  ask(method: string, path: string, ask?: Ask): Promise<Reply>;
  /** An address that no other test has, and a source for requests about it. */
  address(): { email: string; from: string };
  /** Letters to an address, the oldest first. */
  letters(to: string): Promise<Letter[]>;
  signIn(email: string, password?: string, from?: string): Promise<Reply>;
  /** An owner of a new company, by the whole way through the API. */
  owner(): Promise<Account>;
  /** A member whom somebody of the company invited. */
  member(by: Account, role: MemberRole): Promise<Account>;
  /** Another whole session of somebody. */
  whole(account: Pick<Account, 'companyId' | 'memberId'>): Promise<string>;
  /** Actions in a company's log, the oldest first. */
  log(companyId: string): Promise<{ action: string; result: string; actor: { type: string } }[]>;
}

/** Starts the cloud unless one is given. The caller stops `cloud`. */
export async function startPeople(given?: TestCloud): Promise<People> {
  const cloud = given ?? (await testCloud());
  const now = cloud.clock.now;
  const seed: SeedDeps = { ...seedDeps(cloud), now };
  const document = (await (await fetch(`${cloud.baseUrl}/v1/openapi.json`)).json()) as OpenApiDocument;
  const check = answerCheck(document);
  let made = 0;

  const ask: People['ask'] = async (method, path, { body, token, from, headers } = {}) => {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const request = httpRequest(cloud.baseUrl + path, {
      method,
      ...(from !== undefined && { localAddress: from }),
      headers: {
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...(sent !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
    });
    request.end(sent);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const answer = await text(response);
    const got = new Headers(response.headers as Record<string, string>);
    const status = response.statusCode ?? 0;
    check({ method, path, status, contentType: got.get('content-type'), body: answer });
    return {
      status,
      headers: got,
      text: answer,
      json: jsonOf(got, answer),
    };
  };

  const address: People['address'] = () => {
    made += 1;
    const tag = randomId('request').slice(4, 14);
    return { email: `person-${tag}@test.example`, from: `127.1.${made >> 8}.${made & 255 || 254}` };
  };

  const letters: People['letters'] = async (to) => {
    const names = (await readdir(cloud.mailDir).catch(() => [])).filter((name) => !name.startsWith('.'));
    const all = await Promise.all(names.sort().map((name) => readFile(join(cloud.mailDir, name), 'utf8')));
    return all.filter((raw) => raw.includes(`To: ${to}\n`)).map(letter);
  };

  const signIn: People['signIn'] = (email, password = PASSWORD, from = '127.0.0.1') =>
    ask('POST', '/v1/sessions', { body: { email, password }, from });

  const whole: People['whole'] = async ({ companyId, memberId }) => {
    const member = StoredMember.parse((await seed.db.doc(paths.member(companyId, memberId)).get()).data());
    const batch = seed.db.batch();
    const of = { companyId, memberId, mode: 'test', role: member.role, level: 'full' } as const;
    const { token } = issueSession(batch, of, { db: seed.db, now });
    await batch.commit();
    return token;
  };

  const owner: People['owner'] = async () => {
    const { email, from } = address();
    const body = { name: 'A company', email, password: PASSWORD, mode: 'test' };
    await ask('POST', '/v1/companies', { body, from });
    const token = (await letters(email)).at(-1)?.token ?? '';
    const made = await ask('POST', '/v1/companies/confirm', { body: { token }, from });
    const { companyId, memberId } = made.json as Account;
    return { email, companyId, memberId, token: await whole({ companyId, memberId }) };
  };

  const member: People['member'] = async (by, role) => {
    const { email, from } = address();
    await ask('POST', '/v1/members', { body: { email, role }, token: by.token, from });
    const token = (await letters(email)).at(-1)?.token ?? '';
    const joined = await ask('POST', '/v1/members/accept', { body: { token, password: PASSWORD }, from });
    const { companyId, memberId } = joined.json as Account;
    return { email, companyId, memberId, token: await whole({ companyId, memberId }) };
  };

  const log: People['log'] = async (companyId) => {
    const found = await seed.db.collection(paths.audit(companyId)).orderBy('at').get();
    return found.docs.map((doc) => doc.data() as { action: string; result: string; actor: { type: string } });
  };

  return { cloud, seed, document, ask, address, letters, signIn, owner, member, whole, log };
}

function letter(raw: string): Letter {
  const body = textOf(raw);
  const subject = /^Subject: (.*(?:\n .*)*)$/m.exec(raw)?.[1]?.replaceAll('\n', '') ?? '';
  return { subject, text: body, token: /#token=([0-9a-f]{64})/.exec(body)?.[1] ?? '' };
}
