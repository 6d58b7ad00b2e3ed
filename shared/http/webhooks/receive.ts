import type { HttpFunction } from '@google-cloud/functions-framework';
import type { Log } from '../../cloud/log.ts';
import type { Connection, FindConnection } from '../../commerce/connections.ts';
import type { Delivery, VerifiedDelivery } from '../../commerce/platform.ts';
import { platformOf } from '../../commerce/platforms.ts';
import { isWooCommercePing } from '../../commerce/woocommerce.ts';
import { AppError } from '../../domain/errors.ts';
import { isId, randomId } from '../../domain/ids.ts';
import type { Clock } from '../../domain/time.ts';
import { startAccess } from '../access-log.ts';
import { headersOf, requireReadableBody } from '../body.ts';
import { createPatience } from '../patience.ts';
import { COMMON_HEADERS, sendProblem, toAppError } from '../problem.ts';
import { takeEvent, type TakeDeps } from './take-event.ts';

export interface ReceiveDeps extends TakeDeps {
  findConnection: FindConnection;
  /** Takes what Shopify sends for the app as a whole. */
  shopifyApp: (delivery: Delivery, requestId: string) => Promise<void>;
  /** Told that a connection's events come. */
  noteEvent: (connection: Connection) => Promise<void>;
  log: Log;
  now: Clock;
}

type Request = Parameters<HttpFunction>[0];

/** Milliseconds. Shopify, the least patient sender, hangs up after five seconds in all. */
const PATIENCE = { ms: 4_000, most: 500 };

const PATH = /^\/webhooks\/([^/]+)$/;

/**
 * `POST /webhooks/{connectionId}`: find, verify, read, receive, answer. 200 for what was taken, for repeats, for
 * erased orders and for events of no concern; anything else makes the platform send it again.
 */
export function receiveWebhook(deps: ReceiveDeps): HttpFunction {
  const patience = createPatience(PATIENCE);
  return async (req, res) => {
    const requestId = randomId('request');
    const tellAccess = startAccess(requestId, req.method);
    const connectionId = PATH.exec(req.path)?.[1];
    const log = deps.log.within({ requestId, trace: req.get('x-cloud-trace-context') });
    try {
      if (connectionId === undefined) throw new AppError('NOT_FOUND');
      if (req.method !== 'POST') throw new AppError('METHOD_NOT_ALLOWED');
      if (isPing(req)) {
        res.writeHead(200, { ...COMMON_HEADERS, 'Request-Id': requestId }).end();
        return;
      }
      const delivery = deliveryOf(req);
      await patience(async () => {
        if (connectionId === 'shopify') {
          await deps.shopifyApp(delivery, requestId);
          return;
        }
        const connection = await deps.findConnection(connectionId);
        const verified = await verifyOrAnew(delivery, connection, deps);
        await handle(verified.delivery, verified.connection, requestId, { ...deps, log });
      });
      res.writeHead(200, { ...COMMON_HEADERS, 'Request-Id': requestId }).end();
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.status >= 500) log.requestFailed(error.status, error);
      else
        log.webhookRefused(
          error.code,
          connectionId !== undefined && isId('connection', connectionId) ? connectionId : undefined,
        );
      if (error.code === 'METHOD_NOT_ALLOWED') res.setHeader('Allow', 'POST');
      sendProblem(res, error, requestId);
    }
    tellAccess(log, '/webhooks/:connectionId', res.statusCode);
  };
}

/** Answered alike whatever connection is named: it is not signed, and changes nothing. */
function isPing(req: Request): boolean {
  const body = req.rawBody;
  return body !== undefined && isWooCommercePing({ headers: headersOf(req), body });
}

function deliveryOf(req: Request): Delivery {
  if (req.headers['content-type'] === undefined) {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'the content type of a delivery is application/json');
  }
  requireReadableBody(req);
  return { headers: headersOf(req), body: req.rawBody ?? Buffer.alloc(0) };
}

/** Against which an unknown connection is verified, so that it takes as long and answers the same as a known one. */
const NOBODY: Connection = {
  id: '',
  companyId: '',
  secrets: { platform: 'shopify', secrets: [randomId('request')], shop: '' },
  closing: false,
};

/** A secret that was rotated since the connection was read counts at once: some platforms send nothing twice. */
async function verifyOrAnew(
  delivery: Delivery,
  connection: Connection | undefined,
  { findConnection, now }: Pick<ReceiveDeps, 'findConnection' | 'now'>,
): Promise<ReturnType<typeof verify>> {
  try {
    return verify(delivery, connection, now);
  } catch (error) {
    if (connection === undefined) throw error;
    const fresh = await findConnection(connection.id, 'anew');
    if (fresh === connection) throw error;
    return verify(delivery, fresh, now);
  }
}

function verify(
  delivery: Delivery,
  connection: Connection | undefined,
  now: Clock,
): { delivery: VerifiedDelivery; connection: Connection } {
  const { secrets } = connection ?? NOBODY;
  const verified = platformOf(secrets.platform).verify(delivery, secrets, now);
  if (connection === undefined) throw new AppError('UNAUTHENTICATED');
  return { delivery: verified, connection };
}

async function handle(
  delivery: VerifiedDelivery,
  connection: Connection,
  requestId: string,
  deps: ReceiveDeps,
): Promise<void> {
  const { secrets } = connection;
  if (connection.closing) {
    // Standard Webhooks: whoever gets 410 sends no more. Shopify knows no such answer, and would try for two days.
    if (secrets.platform === 'standard') throw new AppError('COMPANY_CLOSING');
    deps.log.eventIgnored(connection.id, 'closing');
    return;
  }
  const event = platformOf(secrets.platform).read(delivery);
  await takeEvent(event, connection, requestId, deps);
  await deps.noteEvent(connection);
}
