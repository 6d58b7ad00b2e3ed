import { errorFacts, type Line } from './line.ts';

/** What happens to the hub: requests, people, logs, backups. One function an event; each takes ids, codes and counts. A new event is one line here. */
export function runningEvents(line: Line) {
  return {
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
    refusalNotNoted: (companyId: string, error: unknown) => {
      line('ERROR', 'refusal.not_noted', 'A refused attempt could not be written into the log', {
        companyId,
        ...errorFacts(error),
      });
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
    logsNotOffsite: (count: number) => {
      line('ALERT', 'backup.log_not_offsite', 'What has moved out of logs has no copy offsite', { count });
    },
    sweepRepublished: (count: number) => {
      line('INFO', 'sweep.republished', 'Unfinished work was published again', { count });
    },
    sweepOrphansRemoved: (count: number) => {
      line('INFO', 'sweep.orphans_removed', 'Record keys without an order were removed', { count });
    },
  };
}
