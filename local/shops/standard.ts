import { createHmac, createPrivateKey, randomUUID, sign } from 'node:crypto';

/** What a sender signs with: HMAC keys (`whsec_…`) give `v1`, Ed25519 private keys (`whsk_…`) give `v1a`. */
export interface StandardSigning {
  body: string | Buffer;
  secrets?: string[];
  privateKeys?: string[];
  id?: string;
  /** Milliseconds since 1970. */
  at?: number;
}

/** Signs and sends a webhook as the Standard Webhooks specification 1.0 has it, once for each key given. */
export async function sendStandardWebhook(
  delivery: StandardSigning & { url: string; fetch?: typeof fetch },
): Promise<Response> {
  const { body, url } = delivery;
  return await (delivery.fetch ?? fetch)(url, {
    method: 'POST',
    headers: standardHeaders(delivery),
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
}

/** The headers of a delivery, for those who send it by themselves. */
export function standardHeaders(delivery: StandardSigning): Record<string, string> {
  const id = delivery.id ?? `msg_${randomUUID().replaceAll('-', '')}`;
  const seconds = String(Math.floor((delivery.at ?? Date.now()) / 1000));
  const content = Buffer.concat([Buffer.from(`${id}.${seconds}.`), Buffer.from(delivery.body)]);
  const signatures = [
    ...(delivery.secrets ?? []).map((secret) => `v1,${hmac(secret, content)}`),
    ...(delivery.privateKeys ?? []).map((key) => `v1a,${ed25519(key, content)}`),
  ];
  return {
    'Content-Type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': seconds,
    'webhook-signature': signatures.join(' '),
  };
}

function hmac(secret: string, content: Buffer): string {
  return createHmac('sha256', keyBytes(secret, 'whsec_')).update(content).digest('base64');
}

/** PKCS #8 is this prefix and the 32 bytes of the seed (RFC 8410 section 7). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** `whsk_` holds the seed, or the seed and the public key behind it, as some senders write it. */
function ed25519(privateKey: string, content: Buffer): string {
  const seed = keyBytes(privateKey, 'whsk_').subarray(0, 32);
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  return sign(null, content, key).toString('base64');
}

function keyBytes(text: string, prefix: string): Buffer {
  if (!text.startsWith(prefix)) throw new Error(`not a key of the form ${prefix}…`);
  return Buffer.from(text.slice(prefix.length), 'base64');
}
