/** What Stripe's form encoding says: text, lists and objects of it. */
export type FormValue = string | FormValue[] | { [name: string]: FormValue };
export type Form = Record<string, FormValue>;

const MOST_DEPTH = 8;

/**
 * Reads `a=1&metadata[order]=x&lines[0][quantity]=2&expand[]=charge`. Numbers in brackets make lists, in the order of
 * their numbers.
 */
export function readForm(text: string): Form {
  const root: Record<string, unknown> = {};
  for (const [name, value] of new URLSearchParams(text)) put(root, partsOf(name), value);
  return listed(root) as Form;
}

/** `lines[0][quantity]` as `lines`, `0`, `quantity`; an empty part is the next place of a list. */
function partsOf(name: string): string[] {
  const open = name.indexOf('[');
  if (open < 0) return [name];
  const inner = name.slice(open + 1, -1).split('][');
  return [name.slice(0, open), ...inner].slice(0, MOST_DEPTH);
}

function put(root: Record<string, unknown>, parts: string[], value: string): void {
  let at = root;
  parts.forEach((part, depth) => {
    const name = part === '' ? String(Object.keys(at).length) : part;
    if (name === '__proto__') return;
    if (depth === parts.length - 1) {
      at[name] = value;
      return;
    }
    const next = Object.hasOwn(at, name) ? at[name] : undefined;
    if (typeof next === 'object' && next !== null) at = next as Record<string, unknown>;
    else {
      const fresh: Record<string, unknown> = {};
      at[name] = fresh;
      at = fresh;
    }
  });
}

function listed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, listed(inner)] as const);
  if (entries.length > 0 && entries.every(([name]) => /^\d+$/.test(name))) {
    return entries.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, inner]) => inner);
  }
  return Object.fromEntries(entries);
}
