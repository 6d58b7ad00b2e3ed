import { invalid, notOffered } from './refusal.ts';

/** What every list request carries. */
export interface ListRequest {
  parent: string;
  pageSize: number;
  pageToken: string;
  filter: string;
  orderBy: string;
}

export interface Page<Item> {
  items: Item[];
  nextPageToken: string;
  totalSize: number;
}

const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1000;

/** One page of what is listed; the token is how many came before. */
export function pageOf<Item>(all: Item[], request: ListRequest): Page<Item> {
  if (request.filter !== '' || request.orderBy !== '') throw notOffered('filters and orders of lists');
  if (request.pageSize < 0) throw invalid('The page size is negative.');
  if (!/^\d{0,9}$/.test(request.pageToken)) throw invalid('The page token is not valid.');
  const from = Number(request.pageToken);
  const to = from + Math.min(request.pageSize === 0 ? DEFAULT_PAGE : request.pageSize, LARGEST_PAGE);
  return {
    items: all.slice(from, to),
    nextPageToken: to < all.length ? String(to) : '',
    totalSize: all.length,
  };
}
