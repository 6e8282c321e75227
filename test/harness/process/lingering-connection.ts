import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { duplicateFd } from "../../../src/linux/fd.js";
import { setOption } from "../../../src/linux/socket-calls.js";
import { HarnessError } from "../harness-error.js";

const SO_LINGER = 13;
const lingerSeconds = 600;
/** More than the kernel buffers on both sides. */
const unreadBytes = 32 * 1024 * 1024;

/** One end of a TCP connection whose peer reads nothing: whoever closes the last copy of it stands still for ten minutes. */
export class LingeringConnection implements AsyncDisposable {
  readonly fd: number;
  readonly #peer: Socket;

  private constructor(fd: number, peer: Socket) {
    this.fd = fd;
    this.#peer = peer;
  }

  static async open(): Promise<LingeringConnection> {
    const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new HarnessError("no-port", "no port");
    const own = connect(address.port, "127.0.0.1");
    const [[peer]] = await Promise.all([once(server, "connection"), once(own, "connect")]);
    server.close();
    own.on("error", () => {});
    own.write(Buffer.alloc(unreadBytes));
    const fd = duplicateFd(fdOf(own));
    const linger = Buffer.alloc(8);
    linger.writeInt32LE(1, 0);
    linger.writeInt32LE(lingerSeconds, 4);
    setOption(fd, SO_LINGER, linger);
    own.destroy();
    return new LingeringConnection(fd, peer);
  }

  /** Has the peer read to the end; how many bytes there were. */
  async readAll(): Promise<number> {
    let bytes = 0;
    for await (const chunk of this.#peer) bytes += chunk.length;
    return bytes;
  }

  /** Its peer goes, so that no copy lingers any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#peer.resetAndDestroy();
    if (!this.#peer.closed) await once(this.#peer, "close");
  }
}

/** Node does not document it. */
function fdOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, "_handle");
  return Number(Reflect.get(Object(handle), "fd"));
}
