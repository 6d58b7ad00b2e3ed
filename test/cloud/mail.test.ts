import { mkdtemp, readdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openMailer } from '../../shared/cloud/mail.ts';

const nobody = (): void => undefined;
const SMTP = { SMTP_URL: 'smtps://user:p%40ss@mail.example', MAIL_FROM: 'hub@example.com' };

describe('where letters go', () => {
  it.each([
    ['nothing', {}, /SMTP_URL and MAIL_FROM are needed/],
    ['a server without TLS', { ...SMTP, SMTP_URL: 'smtp://mail.example' }, /SMTP_URL: not an smtps/],
    ['no sender', { SMTP_URL: SMTP.SMTP_URL }, /MAIL_FROM/],
    ['two mistakes', { SMTP_URL: 'http://mail.example', MAIL_FROM: 'x' }, /SMTP_URL.*MAIL_FROM/],
    ['a folder in production', { ...SMTP, MAIL_DIR: '/tmp/letters' }, /no place in production/],
  ])('is refused: %s', (_, env, message) => {
    expect(() => openMailer(env, nobody)).toThrow(message);
  });

  it('never tells the credentials of a server', () => {
    const env = { SMTP_URL: 'ftp://user:canary@mail.example', MAIL_FROM: 'hub@example.com' };
    expect(() => openMailer(env, nobody)).toThrow(expect.not.stringContaining('canary') as string);
  });

  it('is a folder on one machine, one private file a letter', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'strongroom-mail-test-'));
    const filed: string[] = [];
    const mailer = openMailer({ STRONGROOM_ENV: 'local', MAIL_DIR: folder }, (name) => filed.push(name));
    await mailer.send('one@test.example', 'sign_up', 'http://127.0.0.1/app#token=1');
    await mailer.send('two@test.example', 'invitation', 'http://127.0.0.1/app#token=2');
    expect((await readdir(folder)).sort()).toEqual(filed);
    expect(filed[0]).toMatch(/^\d+-sign-up-[0-9a-f]{8}\.eml$/);
    const file = join(folder, filed[0] ?? '');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toContain('To: one@test.example\n');
  });

  it('is no server that does not speak TLS: nothing is said to it', async () => {
    const heard: Buffer[] = [];
    const server = createServer((socket) => {
      socket.on('data', (bytes) => heard.push(bytes)).on('error', () => undefined);
      socket.end('220 mail.example ESMTP\r\n');
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const mailer = openMailer({ ...SMTP, SMTP_URL: `smtps://user:canary@127.0.0.1:${port}` }, nobody);
    const sending = mailer.send('one@test.example', 'sign_up', 'https://hub.example/app#token=1');
    await expect(sending).rejects.toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }) as Error);
    expect(Buffer.concat(heard).toString('latin1')).not.toMatch(/canary|EHLO|test\.example/);
  });
});
