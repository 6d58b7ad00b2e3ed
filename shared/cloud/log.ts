// Imported deep: the package's front door costs 215 ms at start for a client that nothing here uses, this file 15.
import { Entry } from '@google-cloud/logging/build/src/entry.js';
import { type Line, written } from './log/line.ts';
import { runningEvents } from './log/running-events.ts';
import { tradeEvents } from './log/trade-events.ts';

/** The log of one function. There is no way to write a line but through one of its events. */
export type Log = ReturnType<typeof tradeEvents> &
  ReturnType<typeof runningEvents> & {
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
    ...tradeEvents(line),
    ...runningEvents(line),
    within: ({ requestId, trace }) => {
      const name = traceName(options.projectId, trace);
      return createLog(options, { requestId, ...(name !== undefined && { trace: name }) });
    },
  };
}

/** From `X-Cloud-Trace-Context` (`{trace}/{span};o=1`) or W3C `traceparent` (`00-{trace}-{span}-01`). */
function traceName(projectId: string | undefined, header: string | undefined): string | undefined {
  const id = /^(?:00-)?([0-9a-f]{32})[/-]/.exec(header ?? '')?.[1];
  return projectId === undefined || id === undefined ? undefined : `projects/${projectId}/traces/${id}`;
}
