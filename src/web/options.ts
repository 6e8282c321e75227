import { parseArgs } from "node:util";
import { type Address, parseAddress } from "../lib/address.js";
import { parseDuration } from "../lib/duration.js";
import { type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";

export interface WebOptions {
  /** Where it listens when it is passed no listener. */
  readonly address: Address;
  /** Undefined: the usual one, which need not be there. */
  readonly configFile: string | undefined;
  /** It ends when nobody has been connected for so long; undefined: never. */
  readonly idleMs: number | undefined;
}

export const usualAddress = "127.0.0.1:9190";

export const webUsage = `Usage: holdfast-web [--listen ADDRESS] [--config FILE] [--idle TIME]

  --listen ADDRESS  where it listens, when systemd passes it no listener
                    (else ${usualAddress}): 127.0.0.1:9190, unix:/run/web.sock
  --config FILE     another config than /etc/holdfast-web.toml
  --idle TIME       end when nobody has been connected for so long, as in 10min
  -h, --help        this text`;

export function parseWebOptions(argv: readonly string[]): Result<WebOptions, Failure<"usage">> {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { listen: { type: "string" }, config: { type: "string" }, idle: { type: "string" } },
    });
    const address = parseAddress(values.listen ?? usualAddress);
    if (!address.ok) return fail("usage", `--listen: ${address.failure.message}`);
    if (address.value.kind === "udp") return fail("usage", "--listen: browsers do not come by UDP");
    const idle = values.idle === undefined ? undefined : parseDuration(values.idle);
    if (idle?.ok === false) return fail("usage", `--idle: ${idle.failure.message}`);
    return succeed({ address: address.value, configFile: values.config, idleMs: idle?.value });
  } catch (error) {
    return fail("usage", messageOf(error));
  }
}
