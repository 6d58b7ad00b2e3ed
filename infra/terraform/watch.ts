import type { Plan } from './plan.ts';
import type { Settings } from './settings.ts';

/** What is logged, and who hears of an alarm. */
export function addWatch(plan: Plan, { project, offsiteProject, alarms }: Settings): void {
  for (const [name, of] of [
    ['requests', project],
    ['offsite-requests', offsiteProject],
  ] as const) {
    // It has addresses and agents; the functions' own access log has neither.
    plan.resource('google_logging_project_exclusion', name, {
      ...{ project: of, name: 'strongroom-requests' },
      filter: 'log_id("run.googleapis.com/requests") OR log_id("requests")',
    });
    const channel = plan.resource('google_monitoring_notification_channel', name, {
      ...{
        project: of,
        display_name: 'Strongroom: on call',
        type: 'email',
        labels: { email_address: alarms },
      },
    })('name');
    plan.resource('google_monitoring_alert_policy', name, {
      ...{ project: of, display_name: 'Strongroom: alarm', combiner: 'OR', notification_channels: [channel] },
      conditions: [
        {
          display_name: 'A function raises an alarm',
          condition_matched_log: {
            filter: 'resource.type="cloud_run_revision" AND severity="ALERT"',
            label_extractors: { event: 'EXTRACT(jsonPayload.event)' },
          },
        },
      ],
      alert_strategy: { notification_rate_limit: { period: '300s' }, auto_close: '86400s' },
      documentation: { content: 'docs/runbooks says what each alarm means and what to do, by its event.' },
    });
  }
}
