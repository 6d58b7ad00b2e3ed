import { afterAll, beforeAll, it } from 'vitest';
import { type Books, openPayingBooks } from './books.ts';
import { randomBooks } from './random-books.ts';

let books: Books;
beforeAll(async () => {
  books = await openPayingBooks();
});
afterAll(() => books.close());

it('charges every order once, whatever Stripe does and wherever a run ends', async () => {
  await randomBooks(books, { seed: 20_261_125, rounds: 5, each: 4 });
});
