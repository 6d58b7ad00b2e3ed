import { z } from '@hono/zod-openapi';
import { type ErrorCode, ERRORS } from '../domain/errors.ts';

/** The one body of every answer that is not a success. */
export const Problem = z
  .strictObject({
    type: z.string().openapi({ format: 'uri-reference', description: 'Where the code is explained.' }),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
    requestId: z.string().regex(/^req_[0-9a-hjkmnp-tv-z]{26}$/),
    errors: z.array(z.strictObject({ path: z.string(), message: z.string() })),
  })
  .openapi('Problem', {
    description:
      'RFC 9457. Programs read `code`, a closed set; `errors` names the fields that are not valid.',
    example: {
      type: '/docs#ORDER_NOT_ARCHIVED',
      title: 'Only an archived order can be deleted',
      status: 409,
      detail: 'Only an archived order can be deleted',
      code: 'ORDER_NOT_ARCHIVED',
      requestId: 'req_04h5xq8sdp2v0rnm7ke3t1ycwg',
      errors: [],
    },
  });

/** What any authenticated route can answer. */
const ALWAYS = ['BAD_REQUEST', 'UNAUTHENTICATED', 'FORBIDDEN', 'INTERNAL', 'UNAVAILABLE'] as const;
/** What any route with a body can answer besides. */
const WITH_BODY = ['PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const;

interface ProblemAnswer {
  description: string;
  content: { 'application/problem+json': { schema: typeof Problem } };
}

type StatusOf<Code extends ErrorCode> = (typeof ERRORS)[Code]['status'];
type Answers<Code extends ErrorCode> = Record<StatusOf<Code>, ProblemAnswer>;

/** The problems of a public route: exactly the codes that are named. */
export function problemAnswers<Code extends ErrorCode>(...codes: Code[]): Answers<Code> {
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      status,
      {
        description: same.map((code) => `\`${code}\`: ${ERRORS[code].title}.`).join(' '),
        content: { 'application/problem+json': { schema: Problem } },
      },
    ]),
  ) as unknown as Answers<Code>;
}

/** The problems of a route behind an API key: what each of them can answer, and the codes that are named. */
export function problemResponses<Code extends ErrorCode = never>(...codes: Code[]) {
  return problemAnswers<(typeof ALWAYS)[number] | Code>(...ALWAYS, ...codes);
}

/** The same for a route that takes a body, and for every POST, PUT and PATCH: there a body is looked at. */
export function problemResponsesWithBody<Code extends ErrorCode = never>(...codes: Code[]) {
  return problemAnswers<(typeof ALWAYS)[number] | (typeof WITH_BODY)[number] | Code>(
    ...ALWAYS,
    ...WITH_BODY,
    ...codes,
  );
}
