import type { Query, QueryDocumentSnapshot } from '@google-cloud/firestore';

/** All that an ordered query finds, page by page, each asked for behind the last document of the one before. */
export async function* pagesOf(query: Query, size = 50): AsyncGenerator<QueryDocumentSnapshot[]> {
  let next = query.limit(size);
  for (;;) {
    const { docs } = await next.get();
    yield docs;
    const last = docs.at(-1);
    if (last === undefined || docs.length < size) return;
    next = next.startAfter(last);
  }
}
