import { misbehaviourOf, planOf } from './misbehave.ts';
import { checkoutPage, onboardingPage } from './pages.ts';
import { Refusal } from './refusal.ts';
import type { StripeStandIn } from './server.ts';
import type { Kept } from './store.ts';

export interface Page {
  status: number;
  /** Where the browser is sent on to. */
  to?: string;
  html?: string;
  text?: string;
}

const HELP = `POST, with a form for a body:

/stand-in/misbehave                        faults=lose,lose-before,hang,429,500,503 share=0.2 times=3 path=/confirm account=acct_… seed=1
                                           how calls of the API go wrong; without faults, none does any more
/stand-in/events                           copies=2 late=0-172800 (seconds) share=0.3 lose=0.1 seed=1
                                           how events are repeated, late, out of order and lost; without anything, none is
/stand-in/deliver                          sends at once what is late
/stand-in/dispute/ACCOUNT/CHARGE           a card's holder disputes a charge (ch_…)
/stand-in/close-dispute/ACCOUNT/DISPUTE    outcome=won or lost: its bank decides
/stand-in/disconnect/ACCOUNT               the account's owner ends the hub's access
`;

type StandIn = Omit<StripeStandIn, 'close' | 'all'>;

/** What can be told to the stand-in over HTTP: what goes wrong, and what people do at their banks and in the dashboard. */
export function control(standIn: StandIn, method: string, path: string, form: URLSearchParams): Page {
  if (method === 'GET' && path === '/stand-in') return { status: 200, text: HELP };
  if (method !== 'POST') return { status: 404 };
  const [, , what, account = '', id = ''] = path.split('/');
  switch (what) {
    case 'misbehave':
      standIn.misbehave(misbehaviourOf(form));
      return done();
    case 'events':
      standIn.plan(planOf(form));
      return done();
    case 'deliver':
      standIn.hurry();
      return done();
    case 'dispute':
      return { status: 200, text: `${standIn.dispute(account, id)}\n` };
    case 'close-dispute':
      standIn.closeDispute(account, id, form.get('outcome') === 'won' ? 'won' : 'lost');
      return done();
    case 'disconnect':
      standIn.disconnect(account);
      return done();
    default:
      return { status: 404 };
  }
}

function done(): Page {
  return { status: 200, text: 'done\n' };
}

/** Stripe's hosted pages, as they are looked at and as their forms are sent. */
export function hosted(
  standIn: StandIn,
  find: (account: string, object: string, id: string) => Kept,
  method: string,
  path: string,
  form: URLSearchParams,
): Page {
  const [, first, second, account = '', id = ''] = path.split('/');
  if (first === 'setup' && second === 's') {
    if (method === 'GET') return { status: 200, html: onboardingPage(account) };
    const link = find('platform', 'account_link_page', id);
    standIn.finishOnboarding(account);
    return { status: 303, to: String(link['returnUrl']) };
  }
  if (first === 'c' && second === 'pay') {
    if (method === 'GET') return { status: 200, html: checkoutPage(id) };
    const holder = { name: form.get('name'), email: form.get('email') };
    standIn.completeCheckout(standIn.url + path, form.get('card') ?? 'pm_card_visa', holder);
    return { status: 303, to: String(find(account, 'checkout.session', id)['success_url']) };
  }
  return { status: 404 };
}

/** What is refused is said in a line. */
export function refusedPage(error: unknown): Page {
  return error instanceof Refusal ? { status: error.status, text: `${error.message}\n` } : { status: 500 };
}
