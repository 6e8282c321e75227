import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { deadline } from "../http/deadline.js";
import { until } from "../tcp/rig.js";

export interface Frame {
  readonly type: "DATA" | "HEADERS" | "RST_STREAM" | "SETTINGS" | "PING" | "GOAWAY" | "other";
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

const types = new Map<number, Frame["type"]>([
  [0, "DATA"],
  [1, "HEADERS"],
  [3, "RST_STREAM"],
  [4, "SETTINGS"],
  [6, "PING"],
  [7, "GOAWAY"],
]);
const endOfStream = 1;

/** An h2c client that does nothing by itself but acknowledge SETTINGS: RFC 9113, section 4.1. */
export class FrameClient implements Disposable {
  readonly frames: Frame[] = [];
  readonly socket: Socket;
  ended = false;
  #rest = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes) => this.#read(bytes));
    socket.on("end", () => {
      this.ended = true;
    });
    socket.on("error", () => undefined);
  }

  /** Does not close when the server does. */
  static async connect(port: number): Promise<FrameClient> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    await deadline("to connect", once(socket, "connect"));
    return new FrameClient(socket);
  }

  begin(): void {
    this.socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    // SETTINGS_INITIAL_WINDOW_SIZE and WINDOW_UPDATE: nothing but the kernel's buffers limits what the server sends.
    this.#send(4, 0, 0, Buffer.from("00047fffffff", "hex"));
    this.#send(8, 0, 0, Buffer.from("7fff0000", "hex"));
  }

  /** A whole GET request. */
  get(stream: number, path: string): void {
    // HPACK (RFC 7541): GET and http from the static table, path and authority as literals.
    const head = [
      Buffer.from([0x82, 0x86, 0x04, path.length]),
      Buffer.from(path),
      Buffer.from([0x01, 1, 0x78]),
    ];
    this.#send(1, 4 | endOfStream, stream, Buffer.concat(head));
  }

  answerPing(): void {
    const ping = this.frames.find(({ type, flags }) => type === "PING" && flags === 0);
    this.#send(6, 1, 0, ping?.payload ?? Buffer.alloc(8));
  }

  of(type: Frame["type"]): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** The last stream ids of the GOAWAYs, in order. */
  get goAways(): number[] {
    return this.of("GOAWAY").map(({ payload }) => payload.readUInt32BE(0));
  }

  bodyOf(stream: number): string {
    return Buffer.concat(
      this.of("DATA")
        .filter((frame) => frame.stream === stream)
        .map(({ payload }) => payload),
    ).toString();
  }

  untilBody(stream: number, body: string): Promise<void> {
    return until(`stream ${stream} brings "${body}"`, () => this.bodyOf(stream) === body);
  }

  /** The session's end: Node says GOAWAY when it closes, and once more when nothing is left. */
  untilLastGoAway(): Promise<void> {
    return until("the last GOAWAY", () => this.goAways.length > 1);
  }

  untilFirstGoAway(): Promise<void> {
    return until("the first GOAWAY", () => this.goAways.length > 0);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #send(type: number, flags: number, stream: number, payload: Buffer): void {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head.writeUInt8(type, 3);
    head.writeUInt8(flags, 4);
    head.writeUInt32BE(stream, 5);
    this.socket.write(Buffer.concat([head, payload]));
  }

  #read(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= 9) {
      const length = this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < 9 + length) return;
      const type = types.get(this.#rest.readUInt8(3)) ?? "other";
      const flags = this.#rest.readUInt8(4);
      const stream = this.#rest.readUInt32BE(5);
      this.frames.push({ type, flags, stream, payload: this.#rest.subarray(9, 9 + length) });
      this.#rest = this.#rest.subarray(9 + length);
      if (type === "SETTINGS" && flags === 0) this.#send(4, 1, 0, Buffer.alloc(0));
    }
  }
}
