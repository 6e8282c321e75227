import {
  type Packet,
  PacketChannel,
  type PacketChannelOptions,
} from "../../../src/channel/packet-channel.js";
import { Watcher } from "../../../src/linux/epoll.js";
import { closeFd } from "../../../src/linux/fd.js";
import { openSocketPair } from "../../../src/linux/socket-pair.js";
import { waitUntil } from "../../harness/container/wait-until.js";

/** A channel with all that it told, and the bare fd of its other end. */
export class TwoEnds implements AsyncDisposable {
  /** The channel's own number. */
  readonly fd: number;
  readonly channel: PacketChannel;
  readonly packets: Packet[] = [];
  readonly closed: string[] = [];
  readonly #watcher = new Watcher();
  #peer: number | undefined;

  constructor(options: Partial<Pick<PacketChannelOptions, "keepUntilTaken" | "onPacket">> = {}) {
    const [own, peer] = openSocketPair("seqpacket");
    this.fd = own;
    this.#peer = peer;
    this.channel = new PacketChannel({
      fd: own,
      watcher: this.#watcher,
      onPacket: (packet) => this.packets.push(packet),
      onClose: (why) => this.closed.push(why),
      ...options,
    });
  }

  /** The other end, until it is closed. */
  get peer(): number {
    if (this.#peer === undefined) throw new Error("the peer is gone");
    return this.#peer;
  }

  /** A second channel on the other end. */
  connectPeer(onPacket: (packet: Packet) => void): PacketChannel {
    const fd = this.peer;
    this.#peer = undefined;
    return new PacketChannel({ fd, watcher: this.#watcher, onPacket, onClose: () => {} });
  }

  closePeer(): void {
    closeFd(this.peer);
    this.#peer = undefined;
  }

  texts(): string[] {
    return this.packets.map(({ bytes }) => bytes.toString());
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    await waitUntil(what, 10_000, condition);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.channel.close();
    for (const { fds } of this.packets) fds.forEach(closeFd);
    if (this.#peer !== undefined) closeFd(this.#peer);
    this.#watcher.close();
  }
}
