// Imported deep: the package's front door costs 215 ms at start for a client that nothing here uses, this file 15.
import { Entry } from '@google-cloud/logging/build/src/entry.js';
import { AppError, type ErrorCode } from '../domain/errors.ts';

type Severity = 'INFO' | 'WARNING' | 'ERROR' | 'ALERT';

/** Everything that a line can carry beside its fixed message. There is no room for an object or a free text. */
interface Facts {
  orderId?: string;
  companyId?: string;
  connectionId?: string;
  erasureId?: string;
  deliveryId?: string;
  requestId?: string;
  pullId?: string;
  staffId?: string;
  entryId?: string;
  action?: string;
  actorId?: string;
  recordId?: string;
  method?: string;
  route?: string;
  fileName?: string;
  backupId?: string;
  messageId?: string;
  code?: string;
  originCode?: string;
  errorClass?: string;
  frames?: string[];
  status?: number;
  count?: number;
  root?: number;
  milliseconds?: number;
}

/** What a value must look like to be written. Types say it first; this holds it where a cast has lied. */
const SHAPES: Record<
  Exclude<keyof Facts, 'frames' | 'status' | 'count' | 'root' | 'milliseconds'>,
  RegExp
> = {
  orderId: /^ord_[0-9a-z]{26}$/,
  companyId: /^cmp_[0-9a-z]{26}$/,
  connectionId: /^con_[0-9a-z]{26}$/,
  erasureId: /^era_[0-9a-z]{26}$/,
  deliveryId: /^del_[0-9a-z]{26}$/,
  pullId: /^pul_[0-9a-z]{26}$/,
  requestId: /^req_[0-9a-z]{26}$/,
  staffId: /^stf_[0-9a-z]{26}$/,
  entryId: /^aud_[0-9a-z]{26}$/,
  action: /^[a-z_]{1,30}\.[a-z_]{1,30}$/,
  actorId: /^[a-z]{2,3}_[0-9a-z]{26}$/,
  recordId: /^[a-z]{2,3}_[0-9a-z]{26}$/,
  method: /^[A-Z]{3,7}$/,
  route: /^\/[\w/:.-]{0,100}$/,
  fileName: /^[0-9a-z-]{1,80}\.[a-z]{1,5}$/,
  backupId: /^\d{8}T\d{4}Z$/,
  messageId: /^[0-9]{1,30}$/,
  code: /^[A-Z][A-Z_]{0,60}$/,
  originCode: /^(?:[A-Z][A-Z0-9_]{0,60}|[0-9]{1,3})$/,
  errorClass: /^[A-Z][A-Za-z]{0,60}$/,
};

type Line = (severity: Severity, event: string, message: string, facts: Facts) => void;

/** One function an event; each takes ids, codes and counts. A new event is one line here. */
function events(line: Line) {
  return {
    orderStored: (orderId: string, companyId: string) => {
      line('INFO', 'order.stored', 'An order was stored', { orderId, companyId });
    },
    orderRepeated: (orderId: string, companyId: string) => {
      line('INFO', 'order.repeated', 'A delivery of an order that is stored already', { orderId, companyId });
    },
    orderIgnored: (orderId: string, companyId: string, code: string) => {
      line('INFO', 'order.ignored', 'A delivery that changes nothing', { orderId, companyId, code });
    },
    eventIgnored: (
      connectionId: string,
      reason: 'topic' | 'nothing_to_ship' | 'closing' | 'ping' | 'uninstalled',
    ) => {
      const code = reason.toUpperCase();
      line('INFO', 'event.ignored', 'An event that is of no concern here', { connectionId, code });
    },
    orderMerged: (orderId: string, companyId: string) => {
      line('INFO', 'order.merged', 'An order was updated from a delivery', { orderId, companyId });
    },
    orderRouted: (orderId: string, companyId: string, count: number) => {
      line('INFO', 'order.routed', 'An order was routed to its suppliers', { orderId, companyId, count });
    },
    orderHeld: (orderId: string, companyId: string, code: string) => {
      line('WARNING', 'order.held', 'An order is held until its merchant retries it', {
        orderId,
        companyId,
        code,
      });
    },
    orderErased: (orderId: string, companyId: string) => {
      line('INFO', 'order.erased', 'An order was erased', { orderId, companyId });
    },
    erasureStuck: (erasureId: string, companyId: string) => {
      line('ERROR', 'erasure.stuck', 'An erasure could not be finished', { erasureId, companyId });
    },
    stockUnsettled: (companyId: string) => {
      line('ERROR', 'stock.unsettled', 'A stock could not be settled; sweep asks again', { companyId });
    },
    stockPublishFailed: (companyId: string) => {
      line('WARNING', 'publish.failed', 'A message was not published; sweep will', { companyId });
    },
    publishFailed: (topic: 'orders' | 'erasures' | 'deliveries' | 'pulls', id: string, companyId: string) => {
      const named = {
        orders: { orderId: id },
        erasures: { erasureId: id },
        deliveries: { deliveryId: id },
        pulls: { pullId: id },
      }[topic];
      line('WARNING', 'publish.failed', 'A message was not published; sweep will', { ...named, companyId });
    },
    pullAsked: (pullId: string, companyId: string) => {
      line('INFO', 'pull.asked', 'Something is to be read at its shop', { pullId, companyId });
    },
    pullPostponed: (pullId: string, companyId: string, code: ErrorCode) => {
      line('WARNING', 'pull.postponed', 'What is to be read at a shop could not be yet', {
        pullId,
        companyId,
        code,
      });
    },
    pullGivenUp: (pullId: string, companyId: string) => {
      line('ERROR', 'pull.given_up', 'An order was not read at its shop; the poll will look for it', {
        pullId,
        companyId,
      });
    },
    privacyRequested: (connectionId: string, companyId: string, count: number) => {
      line('INFO', 'privacy.requested', 'A platform asked for privacy’s sake', {
        connectionId,
        companyId,
        count,
      });
    },
    pullDead: (companyId: string) => {
      line('ERROR', 'pull.dead', 'A message about a shop was refused too often; it is found again', {
        companyId,
      });
    },
    pollsLate: () => {
      line(
        'WARNING',
        'polls.late',
        'Nobody asked for polls for some minutes: every shop has its turn now',
        {},
      );
    },
    shopPolled: (connectionId: string, companyId: string, count: number) => {
      line('INFO', 'shop.polled', 'A shop was asked for what it changed', { connectionId, companyId, count });
    },
    shopFailed: (connectionId: string, companyId: string, code: ErrorCode) => {
      line('WARNING', 'shop.failed', 'A shop could not be asked', { connectionId, companyId, code });
    },
    webhookRefused: (code: ErrorCode, connectionId?: string) => {
      line('INFO', 'webhook.refused', 'A delivery was refused', {
        code,
        ...(connectionId !== undefined && { connectionId }),
      });
    },
    pushGarbage: (messageId: string) => {
      line('ERROR', 'push.garbage', 'A message that is not one of ours', { messageId });
    },
    pushFailed: (messageId: string, error: unknown) => {
      line('ERROR', 'push.failed', 'A message could not be handled', { messageId, ...errorFacts(error) });
    },
    requestFailed: (status: number, error: unknown) => {
      line('ERROR', 'request.failed', 'A request could not be answered', { status, ...errorFacts(error) });
    },
    processComplained: (error: unknown) => {
      line('ERROR', 'process.complained', 'A library wrote an error that is not shown', errorFacts(error));
    },
    mailFailed: (error: unknown) => {
      line('ERROR', 'mail.failed', 'A letter could not be sent', errorFacts(error));
    },
    mailFiled: (fileName: string) => {
      line('INFO', 'mail.filed', 'A letter was put into the folder of letters', { fileName });
    },
    importRun: (companyId: string, count: number) => {
      line('INFO', 'import.run', 'An import came so many rows further', { companyId, count });
    },
    importStuck: (companyId: string) => {
      line('ERROR', 'import.stuck', 'An import could not be finished', { companyId });
    },
    refusalNotNoted: (companyId: string, error: unknown) => {
      line('ERROR', 'refusal.not_noted', 'A refused attempt could not be written into the log', {
        companyId,
        ...errorFacts(error),
      });
    },
    importNotPublished: (companyId: string) => {
      line('WARNING', 'import.not_published', 'An import was not published; sweep will', { companyId });
    },
    recoveryStuck: (companyId: string, error: unknown) => {
      line('ERROR', 'recovery.stuck', 'A notice of a recovery could not be sent', {
        companyId,
        ...errorFacts(error),
      });
    },
    staffSignedIn: (staffId: string) => {
      line('INFO', 'staff.signed_in', 'A member of staff signed in', { staffId });
    },
    staffRefused: (staffId: string) => {
      line('WARNING', 'staff.refused', 'A sign-in of a member of staff was refused', { staffId });
    },
    staffAttested: (staffId: string, count: number) => {
      line('INFO', 'staff.attested', 'The list of staff was signed', { staffId, count });
    },
    staffSuspended: (staffId: string) => {
      line('WARNING', 'staff.suspended', 'A member of staff was not attested and has no access', { staffId });
    },
    companyClosed: (companyId: string) => {
      line('INFO', 'company.closed', 'A company was deleted', { companyId });
    },
    closingStuck: (companyId: string, error: unknown) => {
      line('ERROR', 'closing.stuck', 'The deletion of a company could not go on', {
        companyId,
        ...errorFacts(error),
      });
    },
    deliverySent: (deliveryId: string, companyId: string) => {
      line('INFO', 'delivery.sent', 'A delivery reached its shop or endpoint', { deliveryId, companyId });
    },
    deliveryFailed: (deliveryId: string, companyId: string, code: string) => {
      line('WARNING', 'delivery.failed', 'A delivery failed and is tried again', {
        deliveryId,
        companyId,
        code,
      });
    },
    deliveryDead: (deliveryId: string, companyId: string, code: string) => {
      line('WARNING', 'delivery.dead', 'A delivery was given up and waits for its merchant', {
        deliveryId,
        companyId,
        code,
      });
    },
    kmsBridged: (companyId: string) => {
      line('ALERT', 'kms.bridged', 'KMS can not be reached; a company key is used from memory', {
        companyId,
      });
    },
    entryWritten: (entry: {
      id: string;
      companyId: string;
      action: string;
      actor: { id: string | null };
      record: { id: string };
      requestId: string;
    }) => {
      const { id: entryId, companyId, action, actor, record, requestId } = entry;
      line('INFO', 'audit.entry', 'An entry about what is promised was written into a merchant’s log', {
        ...{ entryId, companyId, action, recordId: record.id, requestId },
        ...(actor.id !== null && { actorId: actor.id }),
      });
    },
    requestAnswered: (method: string, route: string, status: number, milliseconds: number) => {
      line('INFO', 'request.answered', 'One of many requests', { method, route, status, milliseconds });
    },
    auditUnsealed: (companyId: string, count: number) => {
      line('ALERT', 'audit.unsealed', 'Entries of a log have no index and get none', { companyId, count });
    },
    logMoved: (companyId: string, count: number) => {
      line('INFO', 'audit.moved', 'Old entries of a log were moved to the bucket', { companyId, count });
    },
    logNotMoved: (companyId: string, error: unknown) => {
      line('ERROR', 'audit.not_moved', 'Old entries of a log could not be moved', {
        companyId,
        ...errorFacts(error),
      });
    },
    logDamaged: (companyId: string) => {
      line('ALERT', 'audit.damaged', 'An old entry is not what was sealed; it stays where it is', {
        companyId,
      });
    },
    checkpointPublished: (root: number, companies: number) => {
      line('INFO', 'checkpoint.published', 'A root over all logs was published', { root, count: companies });
    },
    checkpointLate: () => {
      line('ALERT', 'checkpoint.late', 'There was no root for 15 minutes: entries wait for their index', {});
    },
    checkpointForked: (root: number) => {
      line('ALERT', 'checkpoint.forked', 'Another root of this number is published already', { root });
    },
    stripeEventIgnored: (reason: 'TYPE' | 'ACCOUNT' | 'FORM' | 'REPEATED') => {
      line('INFO', 'stripe.event_ignored', 'An event of Stripe that changes nothing', { code: reason });
    },
    stripeEventGivenUp: () => {
      line(
        'ERROR',
        'stripe.event_given_up',
        'An event of Stripe was not applied; the daily comparison will',
        {},
      );
    },
    stripeDifference: (companyId: string, code: string) => {
      line('ALERT', 'stripe.difference', 'Stripe and we differ, which a person must look at', {
        companyId,
        code,
      });
    },
    stripeHealed: (companyId: string, count: number) => {
      line('WARNING', 'stripe.healed', 'Events of Stripe that never came were applied', { companyId, count });
    },
    chargeFailed: (companyId: string, error: unknown) => {
      line('ERROR', 'charge.failed', 'A charge could not be made now', { companyId, ...errorFacts(error) });
    },
    backupPlanned: (backupId: string) => {
      line('INFO', 'backup.planned', 'The snapshot time of a backup was fixed', { backupId });
    },
    backupBegun: (backupId: string) => {
      line('INFO', 'backup.begun', 'All databases are being exported', { backupId });
    },
    backupGood: (backupId: string, count: number) => {
      line('INFO', 'backup.good', 'A backup is whole, here and offsite', { backupId, count });
    },
    backupFailed: (backupId: string, code: string, error: unknown) => {
      const facts = error === undefined ? {} : errorFacts(error);
      line('ALERT', 'backup.failed', 'A backup failed; another one follows', { ...facts, backupId, code });
    },
    backupMissing: () => {
      line('ALERT', 'backup.missing', 'There is no good backup of the last six and a half hours', {});
    },
    backupOverlap: () => {
      line('WARNING', 'backup.overlap', 'Another run has the backups at this moment', {});
    },
    backupStepFailed: (error: unknown) => {
      line('ERROR', 'backup.step_failed', 'A step of the check of backups failed', errorFacts(error));
    },
    backupPurged: (backupId: string) => {
      line('INFO', 'backup.purged', 'A backup was removed when its time was over', { backupId });
    },
    drillPassed: (backupId: string, count: number, milliseconds: number) => {
      line('INFO', 'drill.passed', 'A backup was restored and opened', { backupId, count, milliseconds });
    },
    drillFailed: (backupId: string | undefined, code: string, error: unknown) => {
      const about = backupId === undefined ? {} : { backupId };
      line('ALERT', 'drill.failed', 'A backup could not be restored', {
        ...errorFacts(error),
        ...about,
        code,
      });
    },
    keyringPurged: (count: number) => {
      line('INFO', 'backup.keyring_purged', 'Objects of keyring backups were purged', { count });
    },
    keyringRemembered: () => {
      line('ALERT', 'backup.keyring_remembered', 'Something keeps what is purged of the keyring', {});
    },
    offsiteCopied: (count: number) => {
      line('INFO', 'backup.offsite_copied', 'Objects of backups were copied offsite', { count });
    },
    sweepRepublished: (count: number) => {
      line('INFO', 'sweep.republished', 'Unfinished work was published again', { count });
    },
    sweepOrphansRemoved: (count: number) => {
      line('INFO', 'sweep.orphans_removed', 'Record keys without an order were removed', { count });
    },
  };
}

/** The log of one function. There is no way to write a line but through one of its events. */
export type Log = ReturnType<typeof events> & {
  /** The same log, with the request and its Cloud Trace id on every line. */
  within(request: { requestId: string; trace?: string | undefined }): Log;
};

export interface LogOptions {
  functionName: string;
  /** For the full name of a trace; without it lines carry none. */
  projectId?: string;
  /** Takes one line with its end. */
  write?: (line: string) => unknown;
}

/** Structured lines as Cloud Logging reads them from standard output: one JSON object a line. */
export function createLog(options: LogOptions, request: { requestId?: string; trace?: string } = {}): Log {
  const write = options.write ?? ((text: string) => process.stdout.write(text));
  const line: Line = (severity, event, message, facts) => {
    const metadata = {
      severity,
      labels: { function: options.functionName },
      ...(request.trace !== undefined && { trace: request.trace }),
    };
    const { requestId } = request;
    const data = { event, message, ...written({ ...(requestId !== undefined && { requestId }), ...facts }) };
    write(`${JSON.stringify(new Entry(metadata, data).toStructuredJSON('', false))}\n`);
  };
  return {
    ...events(line),
    within: ({ requestId, trace }) => {
      const name = traceName(options.projectId, trace);
      return createLog(options, { requestId, ...(name !== undefined && { trace: name }) });
    },
  };
}

function written(facts: Facts): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]: [string, unknown]) => {
      const shape = Object.hasOwn(SHAPES, name) ? SHAPES[name as keyof typeof SHAPES] : undefined;
      const fits = shape === undefined || (typeof value === 'string' && shape.test(value));
      return [name, fits ? value : 'WITHHELD'];
    }),
  );
}

/**
 * An error as its class, our code, the code of what caused it (a gRPC number, `ECONNREFUSED`) and where it came from.
 * Its message may hold data.
 */
function errorFacts(error: unknown): Facts {
  const origin = error instanceof AppError && error.cause !== undefined ? error.cause : error;
  return {
    errorClass: origin instanceof Error ? origin.constructor.name : 'NotAnError',
    ...(error instanceof AppError && { code: error.code }),
    ...(origin !== error && { originCode: codeOf(origin) }),
    ...(origin instanceof Error && { frames: framesOf(origin) }),
  };
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' || typeof code === 'number' ? String(code) : 'NONE';
}

/** `http/app.ts:12` and so on. The stack begins with the message, of any number of lines: that is cut off first. */
function framesOf(error: Error): string[] {
  const stack = error.stack ?? '';
  const head = stack.indexOf(error.message);
  if (head < 0) return [];
  return stack
    .slice(head + error.message.length)
    .split('\n')
    .map((text) => /^ {4}at .*?([\w.-]+\/[\w.-]+\.(?:ts|js|mjs|cjs):\d+):\d+\)?$/.exec(text)?.[1])
    .filter((frame) => frame !== undefined)
    .slice(0, 8);
}

/** From `X-Cloud-Trace-Context` (`{trace}/{span};o=1`) or W3C `traceparent` (`00-{trace}-{span}-01`). */
function traceName(projectId: string | undefined, header: string | undefined): string | undefined {
  const id = /^(?:00-)?([0-9a-f]{32})[/-]/.exec(header ?? '')?.[1];
  return projectId === undefined || id === undefined ? undefined : `projects/${projectId}/traces/${id}`;
}
