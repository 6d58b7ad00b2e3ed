import type { Params } from './params.ts';
import type { Books, Kept, Store } from './store.ts';

/** One call of the API, for what answers it. */
export interface Call {
  store: Store;
  /** Those of `Stripe-Account`, or the platform's own. */
  books: Books;
  /** What the path named: the id of the resource. */
  id: string;
  params: Params;
  /** Where the hosted pages are. */
  pages: string;
  /** Says that something happened; endpoints are told once the call is answered. */
  emit: (type: string, resource: Kept) => void;
}

/** Answers one resource, or a list of them, whole: expansion and paging come after. */
export type Handler = (call: Call) => Kept | Kept[] | object;
