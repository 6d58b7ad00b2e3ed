/** `file > title` of a test, each part as it is written there. */
export type Held = readonly [file: string, title: string];

/**
 * The requirements of OWASP ASVS 5.0 at levels 1 and 2, chapters 6 to 10, that a test can hold, by their ids, and the
 * tests that hold them. What is not here is in `NOT_TESTED`, with the reason.
 */
export const HELD: Record<string, readonly Held[]> = {
  '6.1.2': [['accounts/sign-up.test.ts', 'refuses a password that is %s, without saying it again']],
  '6.2.1': [['accounts/sign-up.test.ts', 'refuses a password that is %s, without saying it again']],
  '6.2.2': [['accounts/password.test.ts', 'needs the current one, ends every session and gives a new one']],
  '6.2.3': [['accounts/password.test.ts', 'needs the current one, ends every session and gives a new one']],
  '6.2.4': [['accounts/sign-up.test.ts', 'refuses a password that is %s, without saying it again']],
  '6.2.5': [['accounts/sign-up.test.ts', 'takes a long password of plain words, and one of any letters']],
  '6.2.8': [
    ['accounts/passwords.test.ts', 'is itself in any way that Unicode writes it, and nothing else is'],
  ],
  '6.2.9': [['accounts/sign-up.test.ts', 'takes a long password of plain words, and one of any letters']],
  '6.2.11': [['accounts/sign-up.test.ts', 'refuses a password that is %s, without saying it again']],
  '6.3.1': [
    [
      'accounts/sign-in.test.ts',
      'gives one source ten tries at one account, known or not, and says when to come again',
    ],
    [
      'accounts/sign-in.test.ts',
      'locks nobody out: many sources trying one account leave in whoever signed in before',
    ],
    [
      'support-desk/staff.test.ts',
      'stops looking after ten tries with a password, and lets a passkey in all the same',
    ],
  ],
  '6.3.2': [
    ['accounts/sign-in.test.ts', 'leads an owner without a second factor to getting one, and no further'],
    ['support-desk/staff.test.ts', 'a password and a code sign in, together alone'],
  ],
  '6.3.3': [
    ['accounts/escalation.test.ts', 'names a scope of the table, is for members alone, or is for anybody'],
    ['accounts/password.test.ts', 'is no way past a second factor, nor into a suspended account'],
  ],
  '6.4.1': [
    ['accounts/sign-up.test.ts', 'takes a link once'],
    ['accounts/sign-up.test.ts', 'of a day ago leads nowhere'],
    ['support-desk/staff.test.ts', 'needs the operator’s code, once and within a day'],
  ],
  '6.4.3': [['accounts/password.test.ts', 'is no way past a second factor, nor into a suspended account']],
  '6.4.4': [
    ['support-desk/staff.test.ts', 'anew ends the old factors and every session'],
    [
      'accounts/recovery.test.ts',
      'are completed by another link and the password, which leaves a new factor to set up',
    ],
    [
      'accounts/recovery.test.ts',
      'is another owner’s, with a second factor of the last ten minutes, and counts at once',
    ],
  ],
  '6.5.1': [
    ['accounts/factors-show.test.ts', 'takes the same code of the app once'],
    ['accounts/factors-show.test.ts', 'takes a recovery code once'],
    [
      'accounts/factors-show.test.ts',
      'takes the same code once when it is shown in many sessions at one moment',
    ],
  ],
  '6.5.2': [['factors/recovery-codes.test.ts', 'are kept as hashes in which no code can be read']],
  '6.5.3': [
    ['factors/recovery-codes.test.ts', 'are ten, of 80 random bits each'],
    ['factors/totp.test.ts', 'come from 160 random bits, never the same'],
  ],
  '6.5.4': [['factors/recovery-codes.test.ts', 'are ten, of 80 random bits each']],
  '6.5.5': [
    ['factors/totp.test.ts', 'are good for the step that it is, the one before and the one after'],
    ['accounts/factors-passkeys.test.ts', 'is good for five minutes'],
  ],
  '7.2.1': [['accounts/escalation.test.ts', 'refuses a stranger’s token in the same words everywhere']],
  '7.2.2': [['accounts/sessions.test.ts', 'is for people: an API key has none']],
  '7.2.3': [['accounts/sign-in.test.ts', 'stores the token’s hash alone']],
  '7.2.4': [
    [
      'accounts/sessions.test.ts',
      'is never one that the caller brought: each sign-in makes a token of its own',
    ],
    ['accounts/factors-show.test.ts', 'gives a whole session under a new token, and the old token ends'],
  ],
  '7.3.1': [
    [
      'accounts/sessions.test.ts',
      'ends when it is idle for twelve hours, and after seven days whatever is done',
    ],
    ['support-desk/staff.test.ts', 'end after half an hour without use, and after ten hours in all'],
  ],
  '7.3.2': [
    [
      'accounts/sessions.test.ts',
      'ends when it is idle for twelve hours, and after seven days whatever is done',
    ],
    ['support-desk/staff.test.ts', 'end after half an hour without use, and after ten hours in all'],
  ],
  '7.4.1': [
    ['accounts/sessions.test.ts', 'can not be used again after signing out everywhere, in any function'],
  ],
  '7.4.2': [
    ['accounts/members.test.ts', 'is signed out everywhere and can not come back by old means'],
    ['support-desk/staff.test.ts', 'end at once with a suspension'],
  ],
  '7.4.3': [
    ['accounts/password.test.ts', 'sets it once, ends every session, and tells the member'],
    ['accounts/factors-change.test.ts', 'ends the other sessions of the member, and no one else’s'],
  ],
  '7.4.5': [['accounts/members.test.ts', 'is signed out everywhere and can not come back by old means']],
  '7.5.1': [
    ['accounts/factors-change.test.ts', 'is not for a sign-in that has not shown the factor that there is'],
    ['accounts/factors-change.test.ts', 'needs a sign-in of the last ten minutes'],
  ],
  '7.5.2': [['accounts/sessions.test.ts', 'is listed to its member, who ends it']],
  '8.2.1': [
    ['accounts/escalation.test.ts', 'lets %s do what the table of roles says, and nothing else'],
    ['support-desk/staff.test.ts', '%s reaches its own routes and no others'],
    ['security/tenants.test.ts', 'names the scope that a key lacks, whatever it is asked for'],
  ],
  '8.2.2': [
    ['security/tenants.test.ts', 'can not tell by %s whether an id of others exists'],
    ['security/people.test.ts', 'does not tell another company’s owner whether an id exists'],
    ['support-desk/grants.test.ts', 'opens no other order than those that were approved'],
  ],
  '8.2.3': [
    [
      'security/foreign-ids.test.ts',
      'never show a supplier the id, the price or the shop of the order that it serves',
    ],
    ['accounts/members.test.ts', 'are given by those who manage members, and never above their own'],
  ],
  '8.3.1': [['accounts/escalation.test.ts', 'lets %s do what the table of roles says, and nothing else']],
  '8.4.1': [
    ['security/tenants.test.ts', 'was changed by none of all this'],
    ['security/foreign-ids.test.ts', 'show to each company what is its own, and nothing of any other'],
  ],
  '9.1.1': [['accounts/export.test.ts', 'repeats what may pass, and takes no part for another']],
  '9.1.2': [['accounts/export.test.ts', 'takes no statement that another key, algorithm or type signed']],
  '9.1.3': [['accounts/export.test.ts', 'takes no statement that another key, algorithm or type signed']],
  '9.2.2': [['accounts/password.test.ts', 'of one kind does not work as one of another']],
  '9.2.3': [
    ['support-desk/staff.test.ts', 'are strangers to each other: neither’s tokens open the other’s door'],
  ],
};

const CONFIGURED = 'a matter of how the hub is run, which no test sees';
const PAGES = 'a matter of pages: the API has none';
const NO_PHONE = 'nothing is sent by phone, and no code by mail';
const NO_IDP = 'nobody signs in by an identity provider';
const NO_OAUTH =
  'the hub is neither client, resource server nor authorization server of OAuth, and no OpenID provider';
const IN_WRITING = 'held in writing, in SECURITY.md and docs/design.md';

/** The other requirements of the two levels, and why no test holds them. */
export const NOT_TESTED: Record<string, string> = {
  '6.1.1': IN_WRITING,
  '6.1.3': IN_WRITING,
  '6.2.6': PAGES,
  '6.2.7': PAGES,
  '6.2.10': 'there is no code that lets a password expire',
  '6.4.2': 'there are no hints and no questions',
  '6.6.1': NO_PHONE,
  '6.6.2': NO_PHONE,
  '6.6.3': NO_PHONE,
  '6.8.1': NO_IDP,
  '6.8.2': NO_IDP,
  '6.8.3': NO_IDP,
  '7.1.1': IN_WRITING,
  '7.1.2': IN_WRITING,
  '7.1.3': NO_IDP,
  '7.4.4': PAGES,
  '7.6.1': NO_IDP,
  '7.6.2': NO_IDP,
  '8.1.1': IN_WRITING,
  '8.1.2': IN_WRITING,
  '9.2.1': 'statements that we sign say what was, and have no span; nobody is let in by one',
  '9.2.4': CONFIGURED,
  ...Object.fromEntries(
    [
      ...['10.1.1', '10.1.2', '10.2.1', '10.2.2', '10.3.1', '10.3.2', '10.3.3', '10.3.4', '10.4.1', '10.4.2'],
      ...[
        '10.4.3',
        '10.4.4',
        '10.4.5',
        '10.4.6',
        '10.4.7',
        '10.4.8',
        '10.4.9',
        '10.4.10',
        '10.4.11',
        '10.5.1',
      ],
      ...['10.5.2', '10.5.3', '10.5.4', '10.5.5', '10.6.1', '10.6.2', '10.7.1', '10.7.2', '10.7.3'],
    ].map((id) => [id, NO_OAUTH]),
  ),
};

/** How many requirements of levels 1 and 2 each section has, in the text of the standard. */
export const SECTIONS: Record<string, number> = {
  ...{ '6.1': 3, '6.2': 11, '6.3': 3, '6.4': 4, '6.5': 5, '6.6': 3, '6.8': 3 },
  ...{ '7.1': 3, '7.2': 4, '7.3': 2, '7.4': 5, '7.5': 2, '7.6': 2 },
  ...{ '8.1': 2, '8.2': 3, '8.3': 1, '8.4': 1 },
  ...{ '9.1': 3, '9.2': 4 },
  ...{ '10.1': 2, '10.2': 2, '10.3': 4, '10.4': 11, '10.5': 5, '10.6': 2, '10.7': 3 },
};
