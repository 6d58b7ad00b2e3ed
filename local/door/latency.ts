/** How much longer everything behind a door takes, as if it stood in another city. Nothing, unless it is set. */
export class Latency {
  #ms = 0;

  set(ms: number): void {
    this.#ms = ms;
  }

  /** Goes on after the delay, or at once when there is none. */
  delay(go: () => void): void {
    if (this.#ms > 0) setTimeout(go, this.#ms);
    else go();
  }
}
