import type { Stripe } from 'stripe';
import type { Call } from './call.ts';
import { badParam } from './refusal.ts';
import { ACCOUNT } from './shapes.ts';
import { type Kept, PLATFORM, type Store } from './store.ts';

export type Account = Kept & Partial<Stripe.Account>;

const WANTED = ['business_profile.url', 'external_account', 'individual.first_name', 'tos_acceptance.date'];

const noRequirements = (wanted: string[]) => ({
  alternatives: [],
  current_deadline: null,
  currently_due: wanted,
  disabled_reason: wanted.length > 0 ? 'requirements.past_due' : null,
  errors: [],
  eventually_due: wanted,
  past_due: wanted,
  pending_verification: [],
});

export function createAccount({ store, params }: Call): Account {
  const type = params.text('type') ?? 'standard';
  if (type !== 'standard') throw badParam('type', 'The stand-in knows Standard accounts.');
  const account: Account = {
    ...ACCOUNT,
    id: store.newId('acct'),
    object: 'account',
    type: 'standard',
    created: store.seconds(),
    country: params.text('country') ?? 'US',
    email: params.text('email') ?? null,
    default_currency: 'usd',
    charges_enabled: false,
    payouts_enabled: false,
    details_submitted: false,
    capabilities: {},
    metadata: params.metadata(),
    requirements: noRequirements(WANTED) as unknown as Stripe.Account.Requirements,
  };
  return store.keep(store.books(PLATFORM), account);
}

export function readAccount({ store, id }: Call): Account {
  return store.find<Account>(store.books(PLATFORM), 'account', id);
}

export function createAccountLink({ store, params, pages }: Call): object {
  const account = store.find<Account>(store.books(PLATFORM), 'account', params.needed('account'), 'account');
  if (params.needed('type') !== 'account_onboarding') throw badParam('type', 'Invalid type');
  const link = {
    ...{ id: store.newId('alink'), object: 'account_link_page', created: store.seconds() },
    account: account.id,
    returnUrl: params.needed('return_url'),
    refreshUrl: params.needed('refresh_url'),
  };
  store.keep(store.books(PLATFORM), link);
  return {
    object: 'account_link',
    created: link.created,
    expires_at: link.created + 300,
    url: `${pages}/setup/s/${account.id}/${link.id}`,
  };
}

/** What happens on Stripe's own pages: the account's owner has answered everything. */
export function finishOnboarding(store: Store, id: string): Account {
  const account = store.find<Account>(store.books(PLATFORM), 'account', id);
  account.charges_enabled = true;
  account.payouts_enabled = true;
  account.details_submitted = true;
  account.email = `owner-of-${id.slice(-6)}@stripe.example`;
  account.capabilities = { card_payments: 'active', transfers: 'active' };
  account.requirements = noRequirements([]) as unknown as Stripe.Account.Requirements;
  return account;
}
