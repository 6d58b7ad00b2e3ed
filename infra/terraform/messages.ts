import {
  DELIVERY,
  type Schedule,
  SCHEDULES,
  type Subscription,
  SUBSCRIPTIONS,
  TOPICS,
} from '../../local/topology.ts';
import { emailOf, projectOf, regionOf } from './names.ts';
import type { Plan } from './plan.ts';
import type { Settings } from './settings.ts';

export function addTopics(plan: Plan, { project }: Settings): void {
  for (const name of TOPICS) {
    plan.resource('google_pubsub_topic', name, {
      ...{ project, name },
      depends_on: ['google_project_service.pubsub'],
    });
  }
}

/** Push subscriptions, each calling one function as `pusher`, and the calls of Cloud Scheduler. */
export function addCalls(plan: Plan, settings: Settings): void {
  const number = plan.data('google_project', 'own', { project_id: settings.project })('number');
  // Moves what was refused too often: https://cloud.google.com/pubsub/docs/handling-failures#grant_forwarding_permissions.
  const forwarder = `serviceAccount:service-${number}@gcp-sa-pubsub.iam.gserviceaccount.com`;
  for (const subscription of SUBSCRIPTIONS) addSubscription(plan, subscription, forwarder, settings);
  const dead = new Set(SUBSCRIPTIONS.flatMap(({ deadLetters }) => deadLetters ?? []));
  for (const topic of dead) {
    plan.resource('google_pubsub_topic_iam_member', `forwarder-${topic}`, {
      ...{ project: settings.project, topic, role: 'roles/pubsub.publisher', member: forwarder },
    });
  }
  for (const schedule of SCHEDULES) addSchedule(plan, schedule, settings);
}

function addSubscription(
  plan: Plan,
  { name, topic, to, path, deadLetters, ordered }: Subscription,
  forwarder: string,
  settings: Settings,
): void {
  const { project } = settings;
  const { ackDeadlineSeconds, backoffSeconds, maxDeliveryAttempts, retentionSeconds } = DELIVERY;
  const uri = uriOf(to);
  plan.resource('google_pubsub_subscription', name, {
    ...{ project, name, topic: `projects/${project}/topics/${topic}` },
    ack_deadline_seconds: ackDeadlineSeconds,
    message_retention_duration: `${retentionSeconds}s`,
    // Without this a subscription that saw no message for 31 days is deleted.
    expiration_policy: { ttl: '' },
    ...(backoffSeconds !== undefined && {
      retry_policy: {
        minimum_backoff: `${backoffSeconds.minimum}s`,
        maximum_backoff: `${backoffSeconds.maximum}s`,
      },
    }),
    ...(ordered && { enable_message_ordering: true }),
    ...(deadLetters !== undefined && {
      dead_letter_policy: {
        dead_letter_topic: `projects/${project}/topics/${deadLetters}`,
        max_delivery_attempts: maxDeliveryAttempts,
      },
    }),
    push_config: {
      push_endpoint: `${uri}${path === '/' ? '' : path}`,
      oidc_token: { service_account_email: emailOf('pusher', settings), audience: uri },
    },
  });
  if (deadLetters === undefined) return;
  plan.resource('google_pubsub_subscription_iam_member', `forwarder-${name}`, {
    ...{ project, subscription: `\${google_pubsub_subscription.${name}.name}` },
    ...{ role: 'roles/pubsub.subscriber', member: forwarder },
  });
}

function addSchedule(plan: Plan, { name, to, path, everyMinutes }: Schedule, settings: Settings): void {
  const project = projectOf(to, settings);
  const uri = uriOf(to);
  const caller = project === settings.project ? 'scheduler' : 'offsite-scheduler';
  plan.resource('google_cloud_scheduler_job', name, {
    ...{ project, region: regionOf(to, settings), name: `strongroom-${name}` },
    ...{ schedule: cronOf(everyMinutes), time_zone: 'Etc/UTC', attempt_deadline: '600s' },
    http_target: {
      ...{ uri: `${uri}${path}`, http_method: 'POST', body: Buffer.from('{}').toString('base64') },
      headers: { 'Content-Type': 'application/json' },
      oidc_token: { service_account_email: emailOf(caller, settings), audience: uri },
    },
  });
}

function uriOf(name: string): string {
  return `\${google_cloud_run_v2_service.${name}.uri}`;
}

/** Minutes that divide an hour, or hours that divide a day; throws for others, which cron can not say. */
export function cronOf(everyMinutes: number): string {
  if (everyMinutes === 1) return '* * * * *';
  if (60 % everyMinutes === 0) return everyMinutes === 60 ? '0 * * * *' : `*/${everyMinutes} * * * *`;
  const hours = everyMinutes / 60;
  if (!Number.isInteger(hours) || 24 % hours !== 0)
    throw new Error(`no schedule is every ${everyMinutes} minutes`);
  return hours === 24 ? '0 0 * * *' : `0 */${hours} * * *`;
}
