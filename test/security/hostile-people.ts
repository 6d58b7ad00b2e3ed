import fc from 'fast-check';
import { issueSession } from '../../shared/accounts/sessions.ts';
import { paths } from '../../shared/cloud/firestore.ts';
import type { Market } from '../support/market.ts';
import { type Attack, JSON_TYPE } from './attack.ts';
import { nearJson, nearUtf8 } from './hostile-json.ts';

const PASSWORD = 'seven plain bricks under a lime tree';
const LINK = '0'.repeat(64);
const EMAIL = 'somebody@hostile.example';
const STAFF = { name: 'desk-99', password: PASSWORD, code: '123456' };
const ENROLMENT = { name: 'desk-99', code: `sr_enrol_${'0'.repeat(32)}` };

/** Bodies that are valid, of routes for whoever comes and for members. Limits are soon reached, and are 4xx too. */
const SAMPLES: [method: string, path: string, body: object][] = [
  ['POST', '/v1/companies', { name: 'A company', email: EMAIL, password: PASSWORD, mode: 'test' }],
  ['POST', '/v1/companies/confirm', { token: LINK }],
  ['POST', '/v1/companies/certificate', { token: LINK }],
  ['POST', '/v1/sessions', { email: EMAIL, password: PASSWORD }],
  ['POST', '/v1/password-resets', { email: EMAIL }],
  ['POST', '/v1/password-resets/confirm', { token: LINK, password: PASSWORD }],
  ['POST', '/v1/recoveries', { email: EMAIL }],
  ['POST', '/v1/recoveries/start', { token: LINK }],
  ['POST', '/v1/recoveries/complete', { token: LINK, password: PASSWORD }],
  ['POST', '/v1/members/accept', { token: LINK, password: PASSWORD }],
  ['POST', '/v1/members', { email: EMAIL, role: 'member' }],
  ['POST', '/v1/api-keys', { name: 'A key', scopes: ['orders:read'], expiresAt: '2099-01-01T00:00:00Z' }],
  ['POST', '/v1/password', { current: PASSWORD, new: PASSWORD }],
  ['POST', '/v1/sessions/factor', { totp: '123456' }],
  ['POST', '/v1/second-factors/totp/confirm', { code: '123456' }],
  ['PATCH', '/v1/company', { name: 'Another name' }],
  ['POST', '/v1/staff/sessions', STAFF],
  ['POST', '/v1/staff/enrolments/options', ENROLMENT],
  [
    'POST',
    '/v1/staff/enrolments',
    { ...ENROLMENT, password: PASSWORD, app: { secret: 'A', code: '123456' } },
  ],
];

/** Bodies that are nearly those of people's routes, with a whole session of the retailer's owner. */
export async function peopleBodies({ cloud, retailer, seed }: Market): Promise<fc.Arbitrary<Attack>> {
  const { companyId } = retailer;
  const members = await seed.db.collection(paths.members(companyId)).limit(1).get();
  const memberId = members.docs[0]?.id ?? '';
  const batch = seed.db.batch();
  const of = { companyId, memberId, mode: 'test', role: 'owner', level: 'full' } as const;
  const { token } = issueSession(batch, of, { ...seed, now: cloud.clock.now });
  await batch.commit();
  return fc.constantFrom(...SAMPLES).chain(([method, path, sample]) =>
    nearJson(sample)
      .chain(nearUtf8)
      .map((body) => ({
        to: cloud.baseUrl,
        request: { method, path, headers: { Authorization: `Bearer ${token}`, ...JSON_TYPE }, body },
      })),
  );
}
