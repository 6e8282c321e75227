import { parseAddress } from "../lib/address.js";

interface Held {
  readonly name: string;
  readonly address: string;
}

/** As Node, Python, Go, Ruby, nginx and Java say it. */
const taken = /EADDRINUSE|address already in use|bind\(\) to .* failed \(98/i;

/**
 * What the last lines of an app that did not become ready mean here, in a sentence with what to do; undefined when they speak for
 * themselves.
 */
export function explainOutput(lines: readonly string[], listeners: readonly Held[]): string | undefined {
  const line = lines.find((one) => taken.test(one));
  if (line === undefined) return undefined;
  const passed = listeners.find(({ address }) => namesPort(lines, address));
  if (passed === undefined) {
    const remedy = "declare it as a further listener in the config, and take the socket that is passed";
    return `the app opens a port itself, which the old workers or another process have: ${remedy}`;
  }
  const remedy =
    "it has to take the socket that it is passed (fd 3, LISTEN_FDS); an unchanged Node app does so by `node --import holdfast/register`, but not in worker_threads";
  return `the app opens ${passed.address} itself, which is open already as the listener ${passed.name}: ${remedy}`;
}

function namesPort(lines: readonly string[], text: string): boolean {
  const address = parseAddress(text);
  if (!address.ok) return false;
  const end = address.value.kind === "unix" ? address.value.path : `:${address.value.port}`;
  return lines.some((line) => {
    const at = line.indexOf(end);
    return at >= 0 && !/\d/.test(line[at + end.length] ?? "");
  });
}
