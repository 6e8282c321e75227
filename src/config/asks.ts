import type { Address } from "../lib/address.js";

const thisMachine = String.raw`localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[?::1?\]?`;
const usualPorts: readonly (readonly [scheme: string, port: number])[] = [
  ["http", 80],
  ["https", 443],
];

/** Whether a word of the command, or two that follow each other, name the address. */
export function asks(argv: readonly string[], address: Address): boolean {
  const line = argv.join(" ");
  if (address.kind === "unix") return argv.some((word) => word.split(/[=:]/).includes(address.path));
  if (address.kind !== "tcp") return false;
  const { host, port } = address;
  const hosts = `${thisMachine}|${host.replaceAll(".", String.raw`\.`)}`;
  if (new RegExp(String.raw`(?:^|[^\w.:-])(?:${hosts})[: ]${port}(?!\d)`).test(line)) return true;
  return usualPorts.some(
    ([scheme, usual]) =>
      usual === port && new RegExp(String.raw`${scheme}://(?:${hosts})(?![\w.:-])`).test(line),
  );
}
