/** Which copies of the keyring there are outside the live database. */
export interface KeyringCopies {
  /**
   * When the last copy that may hold what was there at `time` (RFC 3339) is gone, in RFC 3339; undefined: none is left, and
   * none is being made. A copy whose time is over and that is there all the same counts.
   */
  lastOf(time: string): Promise<string | undefined>;
}
