import { type HttpFunction } from '@google-cloud/functions-framework';
import { AppError, type ErrorCode, ERRORS } from '../domain/errors.ts';

type ExpressResponse = Parameters<HttpFunction>[1];

/** The body of every answer that is not a success: RFC 9457, with our code, the request and its fields. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  requestId: string;
  errors: { path: string; message: string }[];
}

/** What an answer carries whoever it is for: nothing is kept on the way, nothing is guessed, nothing goes over HTTP. */
export const COMMON_HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Strict-Transport-Security': 'max-age=63072000; includeSubDomains',
  'Referrer-Policy': 'no-referrer',
} as const;

/** gRPC: DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED (after the client's own retries), UNAVAILABLE. */
const PASSING = new Set<unknown>([4, 8, 10, 14]);
/** What Firestore says, as INVALID_ARGUMENT, of a transaction that others held up for too long. */
const EXPIRED = /transaction has expired/;

/** Any thrown thing as an error that a caller may see: ours as it is, a cloud that is away as 503, the rest as 500. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const passing =
    thrown instanceof Error && 'code' in thrown && (PASSING.has(thrown.code) || EXPIRED.test(thrown.message));
  return new AppError(passing ? 'UNAVAILABLE' : 'INTERNAL', undefined, { cause: thrown });
}

export function problemBody(error: AppError, requestId: string): ProblemBody {
  const { status, title } = ERRORS[error.code];
  return {
    type: `/docs#${error.code}`,
    title,
    status,
    // What broke on our side is told in the log, by class and place.
    detail: status === 500 ? title : error.message,
    code: error.code,
    requestId,
    errors: error.fields,
  };
}

export function problemHeaders(error: AppError, requestId: string): Record<string, string> {
  return {
    ...COMMON_HEADERS,
    'Content-Type': 'application/problem+json',
    'Request-Id': requestId,
    ...(error.code === 'UNAUTHENTICATED' && { 'WWW-Authenticate': 'Bearer' }),
    ...(error.retryAfter !== undefined && { 'Retry-After': String(error.retryAfter) }),
  };
}

export function problemResponse(error: AppError, requestId: string): Response {
  return new Response(JSON.stringify(problemBody(error, requestId)), {
    status: error.status,
    headers: problemHeaders(error, requestId),
  });
}

/** The same answer, for a handler that speaks to functions-framework itself. */
export function sendProblem(res: ExpressResponse, error: AppError, requestId: string): void {
  res.writeHead(error.status, problemHeaders(error, requestId));
  res.end(JSON.stringify(problemBody(error, requestId)));
}
