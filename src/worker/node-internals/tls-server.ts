import type { Server as TlsServer } from "node:tls";

/** What of Node is used here and not documented; each may be missing. */
export interface TlsInternals {
  /** The option of that name: `false` where the server asks for no client certificates. */
  readonly requestCert?: unknown;
  /** The option of that name, if the app gave one. */
  readonly ticketKeys?: unknown;
  /** What new connections are set up with; `setSecureContext` replaces it. */
  readonly _sharedCreds?: { readonly context?: { setSessionIdContext?(context: string): void } };
}

/** The one place where the types above are laid over Node's objects. */
export function tlsInternals(server: TlsServer): TlsInternals {
  return server as unknown as TlsInternals;
}

/** Whether it is a server of node:tls, node:https or secure node:http2, told without loading those. */
export function isTlsServer(server: object): server is TlsServer {
  return "setSecureContext" in server;
}
