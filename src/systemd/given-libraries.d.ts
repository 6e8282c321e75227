/** systemd-socket 0.0.0 has no types: the `index`-th inherited socket, null when LISTEN_FDS is not set. */
declare module "systemd-socket" {
  export default function inheritedSocket(index: number): { readonly fd: number } | null;
}
