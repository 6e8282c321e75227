/**
 * Where a listener listens. Written `127.0.0.1:8080`, `[::]:8080`, `unix:/run/web.sock`, `unix:@abstract`,
 * and with `udp:` before an IP address for datagrams.
 */
export type Address =
  | { readonly kind: "tcp" | "udp"; readonly family: 4 | 6; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };
