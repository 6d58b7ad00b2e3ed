import { http } from '@google-cloud/functions-framework';

/** The limit of a cold start: functions-framework and nothing else. */
http('hello', (_req, res) => {
  res.end('hello');
});
