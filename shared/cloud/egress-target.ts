import { isAddressHost } from './egress-address.ts';

/** Hosts that stand-ins on this machine answer for, by name or `*.suffix`, each at a port of 127.0.0.1. */
export type StandIns = ReadonlyMap<string, number | 'first label'>;

const PORTS = new Set(['', '8443']);
const LONGEST = 2000;
/** Names that no public resolver answers for (RFC 6761, 6762, 8375, 9476), and what clouds keep inside. */
const INSIDE =
  /(?:^|\.)(?:localhost|local|internal|intranet|lan|home|corp|arpa|onion|alt|invalid|test|example)$/;

export type Target = { url: URL; standIn: number | undefined } | { why: string };

/**
 * Reads an address that somebody entered, or that we are about to call. `why` says in our own words what is wrong
 * with it. What a name resolves to is checked when it is called, each time anew.
 */
export function readTarget(text: string, standIns: StandIns, furtherPort?: number): Target {
  if (text.length > LONGEST) return { why: `longer than ${LONGEST} characters` };
  // The parser would drop tabs and line ends, and turn `\` into `/`: what was entered is what is called.
  if (!/^[\x21-\x5b\x5d-\x7e]+$/.test(text)) return { why: 'not a URL of plain characters' };
  if (!URL.canParse(text)) return { why: 'not a URL' };
  const url = new URL(text);
  if (url.protocol !== 'https:') return { why: 'not an https:// address' };
  if (url.username !== '' || url.password !== '')
    return { why: 'a user name or password stands in the address' };
  if (url.hash !== '') return { why: 'a fragment (#) stands in the address' };
  const host = url.hostname;
  if (isAddressHost(host)) return { why: 'an IP address, where a host name is needed' };
  const standIn = standInOf(host, standIns);
  if (standIn !== undefined) return { url, standIn };
  const name = host.replace(/\.$/, '');
  if (!name.includes('.') || INSIDE.test(name)) return { why: 'not a host of the public internet' };
  if (!PORTS.has(url.port) && url.port !== String(furtherPort))
    return { why: 'a port other than 443 and 8443' };
  return { url, standIn: undefined };
}

/** What is wrong with an address that a form was given, in words; undefined when it may be called. */
export function checkTarget(text: string, config: { standIns: StandIns }): string | undefined {
  const target = readTarget(text, config.standIns);
  return 'why' in target ? target.why : undefined;
}

function standInOf(host: string, standIns: StandIns): number | undefined {
  const suffix = host.slice(host.indexOf('.'));
  const port = standIns.get(host) ?? standIns.get(`*${suffix}`);
  if (port !== 'first label') return port;
  const label = host.slice(0, host.indexOf('.'));
  return /^[1-9]\d{0,4}$/.test(label) && Number(label) <= 65_535 ? Number(label) : undefined;
}

/**
 * `EGRESS_STAND_INS`: `host=port` with commas between, `*.suffix=port` for every name right below, and `*.suffix=*`
 * where the first label is the port itself. Undefined when it is not of this form.
 */
export function parseStandIns(text: string): StandIns | undefined {
  const entries = text.split(',').filter((entry) => entry !== '');
  const parsed = entries.map((entry) => /^((?:\*\.)?[a-z0-9.-]+)=(\d{1,5}|\*)$/.exec(entry));
  if (parsed.some((entry) => entry === null)) return undefined;
  return new Map(
    parsed.map((entry) => [entry?.[1] ?? '', entry?.[2] === '*' ? 'first label' : Number(entry?.[2])]),
  );
}
