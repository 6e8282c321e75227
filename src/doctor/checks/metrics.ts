import type { Address } from "../../lib/address.js";
import { formatAddress } from "../../lib/address.js";
import { type Check, note, problem } from "../finding.js";

/** Metrics are told where the config says, and the admin knows to whom. */
export const checkMetrics: Check = ({ config, configFile, report }) => {
  const failed = report?.metrics?.problem ?? null;
  const address = config.ok ? config.value.metrics?.address : undefined;
  return [
    ...(failed === null
      ? []
      : [
          problem("metrics-address", `metrics are not told where the config says: ${failed}`, {
            where: configFile,
            lines: ["[metrics]", 'address = "127.0.0.1:9465" # for each instance another port'],
          }),
        ]),
    ...(address === undefined || isOfThisMachine(address)
      ? []
      : [
          note(
            "metrics-open",
            `whoever can connect to ${formatAddress(address)} can read the metrics: versions, traffic, failures; let a firewall see to it that only Prometheus can`,
          ),
        ]),
  ];
};

function isOfThisMachine(address: Address): boolean {
  return address.kind === "unix" || address.host === "::1" || address.host.startsWith("127.");
}
