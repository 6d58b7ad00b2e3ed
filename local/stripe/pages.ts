import { TEST_CARDS } from './cards.ts';

/** Stripe's own pages, as far as somebody who tries the hub needs them. */
export function onboardingPage(account: string): string {
  return page(
    'Set up your account',
    `<p>Account <code>${account}</code>. On Stripe's own page you would say here who you are and where money goes.</p>
    <form method="post"><button>Finish</button></form>`,
  );
}

export function checkoutPage(session: string): string {
  const options = Object.keys(TEST_CARDS).map((token) => `<option>${token}</option>`);
  return page(
    'Put a card on file',
    `<p>Session <code>${session}</code>. No real card has a place here: choose one of Stripe's test cards.</p>
    <form method="post">
      <p><select name="card">${options.join('')}</select></p>
      <p><input name="name" placeholder="Name on the card"> <input name="email" placeholder="Email"></p>
      <button>Save card</button>
    </form>`,
  );
}

function page(title: string, content: string): string {
  return `<!doctype html><meta charset="utf-8"><title>${title}</title>
<body style="font: 16px system-ui; max-width: 40rem; margin: 4rem auto"><h1>${title}</h1>${content}</body>`;
}
