import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_KEY_SCOPES, type Scope, SCOPES } from '../../shared/domain/api-key.ts';
import { MEMBER_ROLES, type MemberRole, ROLE_SCOPES } from '../../shared/domain/roles.ts';
import { issueSession } from '../../shared/accounts/sessions.ts';
import { storeApiKey } from '../../shared/http/authenticate.ts';
import { type Account, type People, startPeople } from './people.ts';

interface Operation {
  method: string;
  path: string;
  /** `undefined`: for anybody. Empty: for members, whatever their role. */
  scope: Scope | '' | undefined;
  forKeys: boolean;
}

let people: People;
let operations: Operation[];
const members = {} as Record<MemberRole, Account>;
beforeAll(async () => {
  people = await startPeople();
  const owner = await people.owner();
  members.owner = owner;
  for (const role of ['admin', 'member', 'read_only'] as const)
    members[role] = await people.member(owner, role);
  operations = Object.entries(people.document.paths ?? {}).flatMap(([path, found]) =>
    Object.entries(found as Record<string, { security?: Record<string, string[]>[] }>).map(
      ([method, { security = [] }]) => {
        const session = security.find((way) => way['session'] !== undefined)?.['session'];
        return {
          method: method.toUpperCase(),
          path,
          scope: session === undefined ? undefined : ((session[0] ?? '') as Scope | ''),
          forKeys: security.some((way) => way['apiKey'] !== undefined),
        };
      },
    ),
  );
});
afterAll(() => people.cloud.stop());

const ID = '0'.repeat(26);
const KINDS: [RegExp, string][] = [
  [/^\/v1\/orders\//, 'ord'],
  [/^\/v1\/erasures\//, 'era'],
  [/^\/v1\/sessions\//, 'ses'],
  [/^\/v1\/members\//, 'mem'],
  [/^\/v1\/recoveries\//, 'mem'],
  [/^\/v1\/second-factors\//, 'psk'],
  [/^\/v1\/api-keys\//, 'key'],
  [/^\/v1\/approvals\//, 'sup'],
  [/^\/v1\/partners\//, 'ptn'],
];

/** Nobody's: what is refused is refused before anything is looked up. */
function target(path: string): string {
  const kind = KINDS.find(([pattern]) => pattern.test(path))?.[1] ?? 'con';
  return path.replace('{fulfilmentId}', `ful_${ID}`).replaceAll(/\{\w+\}/g, `${kind}_${ID}`);
}

/** Bodies are left out: what may pass meets `BAD_REQUEST` or `NOT_FOUND`, and nothing is changed by trying. */
async function codeOf({ method, path }: Operation, token: string): Promise<string> {
  const answer = await people.ask(method, target(path), { token });
  return answer.status < 400 ? 'DONE' : (answer.json as { code: string }).code;
}

/** Ends the sessions that the rest goes on with. */
const ENDS = (operation: Operation) => operation.method === 'DELETE' && operation.path === '/v1/sessions';
const scoped = () => operations.filter(({ scope }) => scope !== undefined && scope !== '');
const own = () => operations.filter((operation) => operation.scope === '' && !ENDS(operation));

describe('every route of the published document', () => {
  it('names a scope of the table, is for members alone, or is for anybody', () => {
    expect(scoped().length).toBeGreaterThan(20);
    for (const { path, scope, forKeys } of scoped()) {
      expect([path, (SCOPES as readonly string[]).includes(scope ?? '')]).toEqual([path, true]);
      expect([path, (API_KEY_SCOPES as readonly string[]).includes(scope ?? '')]).toEqual([path, forKeys]);
    }
  });

  it.each(MEMBER_ROLES)('lets %s do what the table of roles says, and nothing else', async (role) => {
    for (const operation of scoped()) {
      const name = `${operation.method} ${operation.path}`;
      const may = (ROLE_SCOPES[role] as readonly string[]).includes(operation.scope ?? '');
      // What a DELETE of one's own company asks for besides is another test's.
      if (may && operation.method === 'DELETE' && operation.path === '/v1/company') continue;
      const code = await codeOf(operation, members[role].token);
      if (may) expect([name, code === 'UNAUTHENTICATED']).toEqual([name, false]);
      else expect([name, code]).toEqual([name, 'FORBIDDEN']);
    }
  });

  it.each(['needs_factor', 'needs_enrolment'] as const)(
    'lets a sign-in at %s do nothing that needs a scope, whatever the role',
    async (level) => {
      for (const role of MEMBER_ROLES) {
        const { companyId, memberId } = members[role];
        const batch = people.seed.db.batch();
        const { token } = issueSession(
          batch,
          { companyId, memberId, mode: 'test', role, level },
          people.seed,
        );
        await batch.commit();
        for (const operation of scoped()) {
          const name = `${role} ${operation.method} ${operation.path}`;
          expect([name, await codeOf(operation, token)]).toEqual([name, 'FORBIDDEN']);
        }
      }
    },
  );

  it('lets an API key of every scope do nothing that is for people', async () => {
    const { companyId } = members.owner;
    const { apiKey } = await storeApiKey(
      people.seed.db,
      // More than any route gives to a key: a forged one gains nothing for members' own routes.
      { companyId, mode: 'test', name: 'all', scopes: API_KEY_SCOPES, expiresAt: null },
      people.seed.now,
    );
    for (const operation of [...own(), ...scoped().filter(({ forKeys }) => !forKeys)]) {
      const name = `${operation.method} ${operation.path}`;
      expect([name, await codeOf(operation, apiKey)]).toEqual([name, 'FORBIDDEN']);
    }
  });

  it('refuses a stranger’s token in the same words everywhere', async () => {
    const tokens = [`sr_session_${'0'.repeat(64)}`, 'sr_session_', `sr_session_${'0'.repeat(63)}`, 'nothing'];
    for (const operation of [...scoped(), ...own()]) {
      const answers = await Promise.all(
        tokens.map((token) => people.ask(operation.method, target(operation.path), { token })),
      );
      for (const { status, text } of answers) {
        expect([operation.path, status]).toEqual([operation.path, 401]);
        expect(text.replace(/req_\w+/, '')).toBe(answers[0]?.text.replace(/req_\w+/, ''));
      }
    }
  });
});
