/** Counts what is under way, and can let what comes wait. */
export class Flow {
  #running = 0;
  #gate: PromiseWithResolvers<void> | undefined;
  #quiet: PromiseWithResolvers<void> | undefined;

  /** Runs `task`, after `release` while held. */
  async pass<T>(task: () => Promise<T>): Promise<T> {
    while (this.#gate !== undefined) await this.#gate.promise;
    this.#running += 1;
    try {
      return await task();
    } finally {
      this.#running -= 1;
      if (this.#running === 0) {
        this.#quiet?.resolve();
        this.#quiet = undefined;
      }
    }
  }

  hold(): void {
    this.#gate ??= Promise.withResolvers();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  /** Settles when nothing is running. */
  async idle(): Promise<void> {
    if (this.#running === 0) return;
    this.#quiet ??= Promise.withResolvers();
    await this.#quiet.promise;
  }
}
