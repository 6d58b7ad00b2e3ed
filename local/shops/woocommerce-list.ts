type Json = Record<string, unknown>;
type Reply = { status: 200; body: unknown[] } | { status: 400; body: object };

/** How many a page has when nobody says, and at most. */
const PAGE = 10;
const MOST = 100;
/** Times without a zone: what one with a zone is taken for depends on the shop. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/;

/**
 * Orders as `GET orders` lists them: changed after `modified_after`, made after `after`, in the order of `orderby`; the
 * times are GMT when `dates_are_gmt` says so. https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-orders
 */
export function listedOrders(orders: Iterable<Json>, query: URLSearchParams): Reply {
  const wrong = ['after', 'modified_after'].filter(
    (name) => query.has(name) && !TIME.test(query.get(name) ?? ''),
  );
  if (wrong.length > 0) return invalid(wrong);
  const zone = query.get('dates_are_gmt') === 'true' ? '_gmt' : '';
  const later = (order: Json, field: string, than: string | null): boolean =>
    than === null || String(order[`${field}${zone}`]) > than;
  const search = query.get('search');
  const found = [...orders]
    .filter((order) => later(order, 'date_modified', query.get('modified_after')))
    .filter((order) => later(order, 'date_created', query.get('after')))
    .filter((order) => search === null || JSON.stringify(order).includes(search));
  const by = query.get('orderby') === 'modified' ? 'date_modified_gmt' : 'date_created_gmt';
  found.sort((a, b) => String(a[by]).localeCompare(String(b[by])));
  return pageOf(query.get('order') === 'asc' ? found : found.reverse(), query);
}

/** The page that was asked for of whatever a list has. */
export function pageOf(all: unknown[], query: URLSearchParams): Reply {
  const size = Number(query.get('per_page') ?? PAGE);
  if (!(size >= 1 && size <= MOST)) return invalid(['per_page']);
  const from = (Number(query.get('page') ?? 1) - 1) * size;
  return { status: 200, body: all.slice(from, from + size) };
}

function invalid(names: string[]): Reply {
  const params = Object.fromEntries(names.map((name) => [name, 'Invalid parameter.']));
  const message = `Invalid parameter(s): ${names.join(', ')}`;
  return { status: 400, body: { code: 'rest_invalid_param', message, data: { status: 400, params } } };
}
