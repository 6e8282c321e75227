import { KeptConnection } from "../../harness/process/kept.js";

/** A kept connection to test/apps/direct. */
export class KeptClient {
  readonly #connection: KeptConnection;

  private constructor(connection: KeptConnection) {
    this.#connection = connection;
  }

  static async open(port: number): Promise<KeptClient> {
    return new KeptClient(await KeptConnection.open(port));
  }

  /** What the server did to it between two requests, too. */
  get closed(): boolean {
    return this.#connection.closed;
  }

  /** The body's words: version, pid, count. Throws when the connection ends instead. */
  async ask(path = "/"): Promise<{ version: string; pid: number; count: number; kept: boolean }> {
    const { body, kept } = await this.#connection.exchange(path);
    const [version = "", pid, count] = body.trim().split(" ");
    return { version, pid: Number(pid), count: Number(count), kept };
  }

  end(): void {
    this.#connection.end();
  }
}
