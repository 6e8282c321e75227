import * as v from "valibot";
import type { Address } from "../lib/address.js";
import { parseAddress } from "../lib/address.js";
import { type Failure, fail, type Result } from "../lib/failure.js";
import type { MetricsTable } from "./config.js";
import { socketMode } from "./listeners.js";
import { readWith, table } from "./values.js";

const example = '"127.0.0.1:9464"';

export const metricsEntries = {
  address: readWith(readAddress, example),
  mode: v.optional(socketMode),
};

/** Where metrics are told besides the control socket. */
export const metrics = v.pipe(
  table(`must be a table, as in address = ${example} below [metrics]`),
  v.object(metricsEntries, `needs \`address\`, where Prometheus asks; write address = ${example}`),
  v.forward(
    v.partialCheck(
      [["address"], ["mode"]],
      ({ address, mode }) => mode === undefined || address.kind === "unix",
      'is only for the file of a unix socket; remove it, or write address = "unix:/PATH" beside it',
    ),
    ["mode"],
  ),
  v.transform(({ address, mode }): MetricsTable => ({ address, mode: mode ?? null })),
);

function readAddress(text: string): Result<Address, Failure<"address-invalid">> {
  const address = parseAddress(text);
  if (!address.ok || address.value.kind !== "udp") return address;
  return fail("address-invalid", `cannot tell metrics on ${text}: HTTP has no datagrams; write ${example}`);
}
