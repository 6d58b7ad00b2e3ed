import { html } from 'hono/html';
import type { LetterPage } from '../../domain/letter-page.ts';
import type { OpenApiDocument } from '../openapi.ts';
import { operationSections } from './reference-page.ts';
import { REFERENCE_STYLE } from './reference-style.ts';

/** What each link is for, and the operations that use what it tells, the first one first. */
const PAGES: Readonly<Record<LetterPage, { title: string; text: string; operations: readonly string[] }>> = {
  'sign-in': {
    title: 'Sign in',
    text: 'Sign in with your address and your password, then with your second factor where you have one.',
    operations: ['signIn', 'showFactor'],
  },
  'sign-up': {
    title: 'Create an account',
    text: 'You get a letter with a link that confirms your address. Nothing exists before you open that.',
    operations: ['signUp'],
  },
  confirm: {
    title: 'Confirm your address',
    text: 'This makes your company’s account, and you its owner. Then sign in.',
    operations: ['confirmSignUp', 'signIn'],
  },
  join: {
    title: 'Join a company’s account',
    text: 'This makes you a member of the company that invited you, with a password of your own.',
    operations: ['acceptInvitation', 'signIn'],
  },
  reset: {
    title: 'Set a new password',
    text: 'Every session of yours ends. Then sign in with the new password.',
    operations: ['resetPassword', 'signIn'],
  },
  forgotten: {
    title: 'Ask for a new password',
    text: 'You get a letter with a link that sets one.',
    operations: ['askForPasswordReset'],
  },
  recovery: {
    title: 'Get back in without your second factor',
    text: 'The first call begins it, and your company’s owners hear of it. Once an owner has approved, or seven days have passed, the second one takes the lost factors away.',
    operations: ['startRecovery', 'completeRecovery'],
  },
  recoveries: {
    title: 'Who wants in without a second factor',
    text: 'See who asked, and stop it or approve it.',
    operations: ['listRecoveries', 'stopRecovery', 'approveRecovery'],
  },
  'second-factors': {
    title: 'Your second factors',
    text: 'See the factors of your account. If the change was not yours, end all sessions and set a new password.',
    operations: ['listSecondFactors', 'signOutEverywhere', 'askForPasswordReset'],
  },
  closing: {
    title: 'Your company’s account is being deleted',
    text: 'An owner can take it back until the seven days are over. Afterwards the token leads to the certificate of the deletion.',
    operations: ['keepCompany', 'readClosingCertificate'],
  },
  partner: {
    title: 'A company wants to trade with you',
    text: 'Look who it is and on what terms, then accept or decline. You do so as a member of your own company: sign in first, or create an account with the address that the letter came to. The id in the path is what stands behind partner= in the address.',
    operations: ['readPartnerInvitation', 'acceptPartner', 'declinePartner', 'signIn', 'signUp'],
  },
};

/** A page for a person with a link and no program of their own yet. It has no script, so the token stays where it is. */
export function letterPage(openApi: OpenApiDocument, page: LetterPage): ReturnType<typeof html> {
  const { title, text, operations } = PAGES[page];
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title} · Strongroom</title>
        ${REFERENCE_STYLE}
      </head>
      <body>
        <nav aria-label="Contents">
          <p><a href="/docs">API reference</a></p>
        </nav>
        <main>
          <h1>${title}</h1>
          <p>${text}</p>
          <p>
            Strongroom is used through its API, described <a href="/docs">here</a>. Where a call asks for a
            <code>token</code>, it is what stands behind <code>token=</code> in the address of this page. It
            has not left your browser, works once, and is nobody else’s business.
          </p>
          ${operationSections(openApi, operations)}
        </main>
      </body>
    </html>`;
}
