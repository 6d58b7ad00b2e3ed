import type { Query, QueryDocumentSnapshot } from '@google-cloud/firestore';

const PAGE = 50;

/** All that an ordered query finds, page by page, each asked for behind the last document of the one before. */
export async function* pagesOf(query: Query): AsyncGenerator<QueryDocumentSnapshot[]> {
  let next = query.limit(PAGE);
  for (;;) {
    const { docs } = await next.get();
    yield docs;
    const last = docs.at(-1);
    if (last === undefined || docs.length < PAGE) return;
    next = next.startAfter(last);
  }
}
