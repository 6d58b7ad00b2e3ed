import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import { TOTP } from 'otpauth';
import { onTestFinished } from 'vitest';
import { build } from '../../functions/accounts.ts';
import { seedDeps } from '../../local/seed.ts';
import { levelAfterPassword, type SessionLevel, StoredMember } from '../../shared/accounts/documents.ts';
import { addMember, newMember } from '../../shared/accounts/member-store.ts';
import { issueSession } from '../../shared/accounts/sessions.ts';
import { readConfig } from '../../shared/cloud/config.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import { API_KEY_SCOPES } from '../../shared/domain/api-key.ts';
import { randomId } from '../../shared/domain/ids.ts';
import type { MemberRole } from '../../shared/domain/roles.ts';
import { timestamp } from '../../shared/domain/time.ts';
import { accountsRoutes } from '../../shared/http/accounts/routes.ts';
import { storeApiKey } from '../../shared/http/authenticate.ts';
import { openApiDocument } from '../../shared/http/openapi.ts';
import { serve } from '../http/serve.ts';
import { softwareAuthenticator, type SoftwareAuthenticator } from '../support/authenticator.ts';
import type { TestCloud } from '../support/cloud.ts';
import { answerCheck } from '../support/openapi-check.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;

/** An answer of the API. A test reads what the published document says is there, against which it was checked. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  json: PublicKeyCredentialCreationOptionsJSON &
    PublicKeyCredentialRequestOptionsJSON & {
      code: string;
      token: string;
      uri: string;
      secret: string;
      recoveryCodes: string[];
      factor: { id: string };
      data: { id: string }[];
    };
}

/** A member, who calls the API with the token of a session. */
export interface Person {
  companyId: string;
  memberId: string;
  /** What a right password gives: a session of the level that it leads to. */
  signIn(): Promise<{ token: string; level: SessionLevel }>;
  /** A whole session of somebody whose app this is. */
  signInWhole(app: App): Promise<string>;
  /** Signs in and adds an authenticator app as the first factor. */
  withApp(): Promise<{ token: string; app: App; recoveryCodes: string[] }>;
  stored(): Promise<StoredMember>;
  suspend(): Promise<void>;
  /** Actions of the log that concern the member, the oldest first. */
  log(): Promise<{ action: string; result: string; facts: Record<string, unknown> }[]>;
}

/** An authenticator app that scanned an address. */
export interface App {
  /** The code that it shows, now or some steps away. */
  code(steps?: number): string;
  /** Six digits that no code near this time is. */
  wrong(): string;
}

export interface Accounts {
  call(token: string, method: string, path: string, body?: unknown): Promise<Answer>;
  person(role?: MemberRole): Promise<Person>;
  device(): SoftwareAuthenticator;
  /** Puts an `otpauth:` address into an app. */
  scan(uri: string): App;
  apiKey(companyId: string): Promise<string>;
  move(ms: number): void;
  letters(): Promise<string[]>;
}

/** The function `accounts` as it is deployed, over its own identity, with a clock that moves by hand. */
export async function startAccounts(cloud: TestCloud): Promise<Accounts> {
  let at = Date.now();
  // Each look is a millisecond later, so that entries of the log have an order.
  const now = (): number => (at += 1);
  const mail = await mkdtemp(join(tmpdir(), 'strongroom-mail-'));
  onTestFinished(() => rm(mail, { recursive: true, force: true }));
  const env = { ...cloud.envOf('accounts'), MAIL_DIR: mail };
  const url = await serve(build(env, now));
  const { db, keyring } = seedDeps(cloud);
  const deps = { db, keyring, now };
  const check = answerCheck(openApiDocument(accountsRoutes, url));
  const { origin } = readConfig(env).relyingParty;

  const call: Accounts['call'] = async (token, method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const { status, headers } = response;
    check({ method, path, status, contentType: headers.get('content-type'), body: text });
    return { status, headers, text, json: JSON.parse(text === '' ? '{}' : text) as Answer['json'] };
  };

  const scan: Accounts['scan'] = (uri) => {
    const totp = new TOTP({ secret: new URL(uri).searchParams.get('secret') ?? '' });
    const code = (steps = 0): string => totp.generate({ timestamp: now() + steps * 30 * SECOND });
    return {
      code,
      wrong: () => {
        const near = [-1, 0, 1].map(code);
        return ['000001', '000002', '000003', '000004'].find((text) => !near.includes(text)) ?? '';
      },
    };
  };

  const person: Accounts['person'] = async (role = 'owner') => {
    const companyId = randomId('company');
    const memberId = randomId('member');
    await keyring.createCompanyKey(companyId);
    const email = `${memberId}@test.example`;
    const made = await newMember({ companyId, memberId, email, role, passwordHash: 'none' }, deps);
    const batch = db.batch();
    batch.create(db.doc(paths.company(companyId)), {
      ...{ name: 'Test company', mode: 'test', createdAt: timestamp(now), closing: null },
    });
    addMember(batch, made, deps);
    await batch.commit();

    const stored: Person['stored'] = async () =>
      StoredMember.parse((await db.doc(paths.member(companyId, memberId)).get()).data());
    const signIn: Person['signIn'] = async () => {
      const level = levelAfterPassword(await stored());
      const writer = db.batch();
      const { token } = issueSession(writer, { companyId, memberId, mode: 'test', role, level }, deps);
      await writer.commit();
      return { token, level };
    };
    return {
      companyId,
      memberId,
      stored,
      signIn,
      async suspend() {
        await db.doc(paths.member(companyId, memberId)).update({ state: 'suspended' });
      },
      async signInWhole(app) {
        const { token } = await signIn();
        return (await call(token, 'POST', '/v1/sessions/factor', { totp: app.code() })).json.token;
      },
      async withApp() {
        const { token } = await signIn();
        const app = scan((await call(token, 'POST', '/v1/second-factors/totp')).json.uri);
        const code = { code: app.code() };
        const { json } = await call(token, 'POST', '/v1/second-factors/totp/confirm', code);
        const added = json as { token: string | null; recoveryCodes: string[] };
        // The code that confirmed the app is used up.
        at += 30 * SECOND;
        return { token: added.token ?? token, app, recoveryCodes: added.recoveryCodes };
      },
      async log() {
        const found = await db.collection(paths.audit(companyId)).orderBy('at').get();
        return found.docs.map((doc) => doc.data() as Awaited<ReturnType<Person['log']>>[number]);
      },
    };
  };

  return {
    call,
    person,
    scan,
    async apiKey(companyId) {
      const key = { companyId, mode: 'test', name: 'test', scopes: API_KEY_SCOPES, expiresAt: null } as const;
      return (await storeApiKey(db, key, now)).apiKey;
    },
    device: () => softwareAuthenticator(origin),
    move: (ms) => {
      at += ms;
    },
    letters: async () => readdir(mail),
  };
}
