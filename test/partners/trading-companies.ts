import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { paths } from '../../shared/cloud/firestore.ts';
import { StoredPartner } from '../../shared/domain/partner.ts';
import type { StoredCompany } from '../../shared/accounts/documents.ts';
import { addMember, newMember } from '../../shared/accounts/member-store.ts';
import { randomId } from '../../shared/domain/ids.ts';
import { timestamp } from '../../shared/domain/time.ts';
import { type Account, type People, type Reply } from '../accounts/people.ts';

/** What a link of a letter leads to. */
export interface Link {
  partnerId: string;
  token: string;
}

/** Companies that invite each other, on one hub. */
export function companies(people: People) {
  const call = (
    by: Pick<Account, 'token'>,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply> =>
    people.ask(method, path, {
      token: by.token,
      ...(body !== undefined && { body }),
      ...(headers !== undefined && { headers }),
    });

  /** A company with an owner who is signed in, without the long way there. */
  async function company(): Promise<Account> {
    const { seed } = people;
    const { email } = people.address();
    const ids = { companyId: randomId('company'), memberId: randomId('member') };
    await seed.keyring.createCompanyKey(ids.companyId);
    const owner = await newMember({ ...ids, email, role: 'owner', passwordHash: 'none' }, seed);
    const batch = seed.db.batch();
    const stored: StoredCompany = {
      ...{ name: 'A company', mode: 'test', createdAt: timestamp(seed.now), closing: null },
    };
    batch.create(seed.db.doc(paths.company(ids.companyId)), stored);
    addMember(batch, owner, seed);
    await batch.commit();
    return { ...ids, email, token: await people.whole(ids) };
  }

  const linksTo = (email: string): Promise<Link[]> => linksIn(people.cloud.mailDir, email);

  async function invited(
    by: Account,
    email: string,
    more: Record<string, unknown> = {},
  ): Promise<Link & { answer: Reply }> {
    const answer = await call(by, 'POST', '/v1/partners', { email, role: 'supplier', ...more });
    expect(answer.status).toBe(201);
    const link = (await linksTo(email)).at(-1) ?? expect.fail();
    return { ...link, answer };
  }

  const answer = (how: 'accept' | 'decline' | 'invitation') => (by: Pick<Account, 'token'>, link: Link) =>
    call(by, 'POST', `/v1/partners/${link.partnerId}/${how}`, { token: link.token });
  const accept = answer('accept');

  /** A retailer that invited a supplier, who has accepted. */
  async function connected(retailer?: Account, supplier?: Account) {
    const us = retailer ?? (await company());
    const them = supplier ?? (await company());
    const link = await invited(us, them.email);
    expect((await accept(them, link)).status).toBe(200);
    return { retailer: us, supplier: them, partnerId: link.partnerId, link };
  }

  async function stored(companyId: string, partnerId: string): Promise<StoredPartner | undefined> {
    const found = await people.seed.db.doc(paths.partner(companyId, partnerId)).get();
    return found.exists ? StoredPartner.parse(found.data()) : undefined;
  }

  const log = async (companyId: string) =>
    (await people.log(companyId))
      .filter(({ action }) => action.startsWith('partner.'))
      .map(({ action, actor }) => `${action} ${actor.type}`);

  return {
    ...{ call, company, linksTo, invited, accept, connected, stored, log },
    decline: answer('decline'),
    look: answer('invitation'),
  };
}

/** The links that an address was sent, the oldest first. */
export async function linksIn(mailDir: string, email: string): Promise<Link[]> {
  const names = (await readdir(mailDir)).filter((name) => name.includes('-partner-invitation-'));
  const letters = await Promise.all(names.sort().map((name) => readFile(join(mailDir, name), 'utf8')));
  return letters.filter((raw) => raw.includes(`To: ${email.toLowerCase()}\n`)).map(linkIn);
}

function linkIn(raw: string): Link {
  const body = Buffer.from(raw.slice(raw.indexOf('\n\n')), 'base64').toString('utf8');
  const found = /#partner=(ptn_\w+)&token=([\w.-]+)/.exec(body);
  return { partnerId: found?.[1] ?? '', token: found?.[2] ?? '' };
}

/** `200`, or the code of a refusal. */
export function codeOf(answer: Reply): string {
  return answer.status < 300 ? String(answer.status) : (answer.json as { code: string }).code;
}
