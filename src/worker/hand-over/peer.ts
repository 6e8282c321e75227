/** The process at the other end of a hand-over. Only one that is known to be dead has let go of its connections. */
export interface Peer {
  /** `8.1`, for messages. */
  readonly name: string;
  /** The end of the SEQPACKET pair that the daemon made. */
  readonly fd: number;
  isAlive(): boolean;
}
