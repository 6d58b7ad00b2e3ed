import { randomBytes } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { z } from 'zod';
import { AppError } from '../domain/errors.ts';

/** Every letter that is sent. They hold our words and a link, never a name that somebody typed. */
const LETTERS = {
  sign_up: {
    subject: 'Confirm your Strongroom account',
    text: 'Open this link within a day to confirm your address and create your account:',
    after: 'If you did not ask for an account, do nothing: none is created.',
  },
  sign_up_known: {
    subject: 'You have a Strongroom account already',
    text: 'Somebody, perhaps you, asked for an account with this address. It has one. Sign in here:',
    after: 'If it was not you, nothing needs to be done.',
  },
  invitation: {
    subject: 'You are invited to Strongroom',
    text: 'A company invites you as a member of its account. Open this link within seven days to join:',
    after: 'If you do not know who invites you, do nothing.',
  },
  password_reset: {
    subject: 'Set a new Strongroom password',
    text: 'Open this link within an hour to set a new password:',
    after: 'If you did not ask for it, do nothing: your password stays as it is.',
  },
  password_reset_unknown: {
    subject: 'There is no Strongroom account with this address',
    text: 'Somebody, perhaps you, asked for a new password for this address, which has no account. To get one:',
    after: 'If it was not you, nothing needs to be done.',
  },
  password_changed: {
    subject: 'Your Strongroom password was changed',
    text: 'The password of your account was changed and every session ended. If it was not you, set a new one here:',
    after: 'Then look at your company’s log, or ask an owner of the account to.',
  },
  company_closing: {
    subject: 'Your Strongroom account is about to be deleted',
    text: 'An owner asked for the deletion of your company’s account, in seven days. An owner can take it back here:',
    after: 'Afterwards nobody can bring it back, and the same link leads to the certificate of the deletion.',
  },
  partner_invitation: {
    subject: 'A company wants to trade with you on Strongroom',
    text: 'A company invites yours to be its partner. Open this link within fourteen days to see who, and on what terms:',
    after:
      'It works for the company that this address is a member of. If you have no account yet, create one with this address first.',
  },
  second_factors_changed: {
    subject: 'The second factors of your Strongroom account were changed',
    text: 'A second factor was added to your account, or taken away. You see yours here:',
    after: 'If it was not you, end all sessions and set a new password.',
  },
  recovery: {
    subject: 'Get back into your Strongroom account',
    text: 'Open this link within an hour to go on without the second factor that you lost:',
    after:
      'If you did not ask for it, do nothing: nothing has begun. Somebody may be reading your mail, though.',
  },
  recovery_unknown: {
    subject: 'There is no Strongroom account with this address',
    text: 'Somebody, perhaps you, asked to get back into an account of this address, which has none. To get one:',
    after: 'If it was not you, nothing needs to be done.',
  },
  recovery_waiting: {
    subject: 'Somebody wants into a Strongroom account of your company without its second factor',
    text: 'A member, or whoever reads that member’s mail, asked for it. Seven days after the first of these letters it becomes possible, with the password. See who, and stop it or let it be, here:',
    after: 'Our own people never ask for this and can not do it.',
  },
  recovery_stopped: {
    subject: 'A recovery was stopped in a Strongroom account of your company',
    text: 'The second factors stay as they are. Who stopped it is in your company’s log:',
    after: 'If it should go on, it begins anew.',
  },
  recovery_done: {
    subject: 'The second factors of a Strongroom account of your company were taken away',
    text: 'After a recovery a member signs in with the password alone, sets up a new factor, and can do nothing else before. Whose it was is in your company’s log:',
    after: 'If it was not meant to be, an owner can suspend the member.',
  },
} as const;
export type Letter = keyof typeof LETTERS;

export interface Mailer {
  /** Sends a letter with one link of ours. `UNAVAILABLE` when it could not be handed over. */
  send(to: string, letter: Letter, link: string): Promise<void>;
}

const Environment = z.object({
  STRONGROOM_ENV: z.enum(['production', 'local']).default('production'),
  SMTP_URL: z.url({ protocol: /^smtps$/, error: 'not an smtps:// URL' }).optional(),
  MAIL_FROM: z.email().optional(),
  MAIL_DIR: z.string().min(1).optional(),
});

/**
 * From `SMTP_URL` (with its credentials, over TLS from the first byte) and `MAIL_FROM`; on one machine instead from
 * `MAIL_DIR`, a folder that takes each letter as a file. `onFiled` is told the name of such a file.
 */
export function openMailer(env: NodeJS.ProcessEnv, onFiled: (name: string) => void): Mailer {
  const parsed = Environment.safeParse(env);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The configuration of mail is not valid. ${problems.join('; ')}`);
  }
  const { STRONGROOM_ENV, SMTP_URL, MAIL_FROM, MAIL_DIR } = parsed.data;
  if (MAIL_DIR !== undefined) {
    if (STRONGROOM_ENV === 'production') throw new Error('MAIL_DIR has no place in production.');
    return fileMailer(MAIL_DIR, onFiled);
  }
  if (SMTP_URL === undefined || MAIL_FROM === undefined) {
    throw new Error('SMTP_URL and MAIL_FROM are needed to send mail.');
  }
  return smtpMailer(SMTP_URL, MAIL_FROM);
}

function smtpMailer(url: string, from: string): Mailer {
  const server = new URL(url);
  const transport = createTransport({
    host: server.hostname,
    port: server.port === '' ? 465 : Number(server.port),
    secure: true,
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: true },
    ...(server.username !== '' && {
      auth: { user: decodeURIComponent(server.username), pass: decodeURIComponent(server.password) },
    }),
    connectionTimeout: 10_000,
    socketTimeout: 10_000,
    // A letter is made of our words alone: nothing in it names a file or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send(to, letter, link) {
      try {
        await transport.sendMail(message(from, to, letter, link));
      } catch (cause) {
        throw new AppError('UNAVAILABLE', undefined, { cause });
      }
    },
  };
}

function fileMailer(folder: string, onFiled: (name: string) => void): Mailer {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'unix' });
  let last = 0;
  return {
    async send(to, letter, link) {
      const { message: bytes } = await transport.sendMail(
        message('strongroom@localhost.example', to, letter, link),
      );
      // Names sort as the letters were written.
      last = Math.max(last + 1, Date.now());
      const name = `${last}-${letter.replaceAll('_', '-')}-${randomBytes(4).toString('hex')}.eml`;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(join(folder, `.${name}`), bytes as Buffer, { mode: 0o600 });
      await rename(join(folder, `.${name}`), join(folder, name));
      onFiled(name);
    },
  };
}

function message(from: string, to: string, letter: Letter, link: string) {
  const { subject, text, after } = LETTERS[letter];
  return {
    from: { name: 'Strongroom', address: from },
    to: { name: '', address: to },
    subject,
    text: `${text}\n\n${link}\n\n${after}\n`,
    // Long links stay whole for whoever reads the letter by program.
    textEncoding: 'base64' as const,
  };
}
