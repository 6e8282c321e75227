import { createHash, hkdfSync } from "node:crypto";
import type { Server as TlsServer } from "node:tls";
import { tlsInternals } from "../../node-internals/tls-server.js";

/**
 * Lets clients of one listener resume their TLS sessions in any worker of any generation (RFC 8446, section 2.2), since
 * all encrypt their tickets with the same keys. Each listener has keys of its own, and a server that asks for client
 * certificates keeps its random ones: a ticket tells that its holder was let in, and must not let it in elsewhere. A
 * server made with the option `ticketKeys` keeps those.
 */
export class SharedTickets {
  readonly #server: TlsServer;
  readonly #listener: string;
  readonly #report: (problem: string) => void;
  #keys: Buffer | undefined;

  constructor(server: TlsServer, listener: string, report: (problem: string) => void) {
    this.#server = server;
    this.#listener = listener;
    this.#report = report;
  }

  /** The secret that all workers have. Connections from now on use it; tickets under another one do not resume. */
  use(secret: Buffer): void {
    const { requestCert, ticketKeys } = tlsInternals(this.#server);
    if (requestCert !== false || ticketKeys !== undefined) return;
    const first = this.#keys === undefined;
    this.#keys = Buffer.from(hkdfSync("sha256", secret, "", `holdfast tickets ${this.#listener}`, 48));
    if (first) this.#keepOverNewCertificates();
    const missing = this.#apply();
    if (first && missing !== undefined) {
      this.#report(
        `TLS sessions of listener ${this.#listener} may not resume after an upgrade: this Node lacks ${missing}`,
      );
    }
  }

  #apply(): string | undefined {
    if (this.#keys === undefined) return undefined;
    this.#server.setTicketKeys(this.#keys);
    const context = tlsInternals(this.#server)._sharedCreds?.context;
    if (typeof context?.setSessionIdContext !== "function")
      return "a way to set a server's session id context";
    // OpenSSL resumes within one context only, and Node's default is made of the arguments: the release's path.
    context.setSessionIdContext(createHash("sha256").update(this.#listener).digest("hex").slice(0, 32));
    return undefined;
  }

  /** An app that reads its certificates again by `setSecureContext` gets random keys with them. */
  #keepOverNewCertificates(): void {
    const server = this.#server;
    const { setSecureContext } = server;
    server.setSecureContext = (options) => {
      setSecureContext.call(server, options);
      this.#apply();
    };
  }
}
