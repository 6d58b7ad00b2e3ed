import { isIP } from 'node:net';

/** Keys under which shops and their apps put such values: `email`, `contact_email`, `customerPhone`, `browser_ip`. */
const KEYS = [
  /e-?mail|phone|mobile/i,
  /(?:^|[^A-Za-z])(?:ip|tel)(?:$|[^A-Za-z])/i,
  /(?:^ip|^tel|[a-z]Ip|[a-z]IP|[a-z]Tel)(?:$|[A-Z])/,
];
const MOST = 200;
const LONGEST = 320;

/**
 * The payload's own email addresses, phone numbers and IP addresses, wherever in it they stand, so that they can be
 * cut out of the text that is kept. `payload` is what `parseJson` gave, which bounds depth and size.
 */
export function ownContacts(payload: unknown): string[] {
  const found = new Set<string>();
  collect(payload, found);
  return [...found];
}

function collect(value: unknown, found: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    if (typeof member === 'string' || typeof member === 'number') add(key, String(member), found);
    else collect(member, found);
  }
  // Apps put questions of their own into lists of { name, value }.
  const { name, value: given } = value as { name?: unknown; value?: unknown };
  if (typeof name === 'string' && (typeof given === 'string' || typeof given === 'number')) {
    add(name, String(given), found);
  }
}

function add(key: string, text: string, found: Set<string>): void {
  if (text === '' || text.length > LONGEST || found.size >= MOST) return;
  if (KEYS.some((pattern) => pattern.test(key)) && isContact(text)) found.add(text);
}

/** A key can also hold something harmless (`email_opt_in: "single"`), which must not be cut out of an address. */
function isContact(text: string): boolean {
  return text.includes('@') || isIP(text.trim()) !== 0 || text.replace(/\P{Nd}/gu, '').length >= 7;
}
