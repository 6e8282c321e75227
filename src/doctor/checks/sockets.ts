import { formatAddress } from "../../lib/address.js";
import { metricsSocketName, socketUnitFor } from "../../lib/socket-unit.js";
import { type Check, type Finding, note, problem } from "../finding.js";

/** Every declared listener has a source, and every socket of a unit has somebody who accepts from it. */
export const checkListeners: Check = ({ unit: service, config, sockets: all, configFile, report }) => {
  if (!config.ok) return [];
  const sockets = all.filter(({ listener }) => listener !== metricsSocketName);
  const { listeners } = config.value;
  const findings: Finding[] = [];
  if (listeners === null && sockets.length === 0) {
    const lines = ["[listeners.http]", 'address = "127.0.0.1:8080"'];
    const message = "no listener is declared and no socket unit passes one: the service would listen nowhere";
    findings.push(problem("no-listener", message, { where: configFile, lines }));
  }
  for (const [index, { name, address }] of (listeners ?? []).entries()) {
    const units = sockets.filter(({ listener }) => listener === name);
    // One that the daemon holds goes on, be it that nobody would pass it to a daemon that starts from nothing.
    const held = report?.listeners.some((listener) => listener.name === name) ?? false;
    if (address === null && units.length === 0) {
      const message = `listener ${name} has no address, and no socket unit of the service passes it${held ? ": it is gone with the next stop" : ""}`;
      const unit = socketUnitFor(service.name, name, index === 0);
      const lines = [
        `[listeners.${name}]`,
        `address = "127.0.0.1:8080" # or start its socket unit: ${unit}, with FileDescriptorName=${name}`,
      ];
      findings.push(problem("listener-without-socket", message, { where: configFile, lines }));
    }
    const passed = units.flatMap(({ addresses }) => addresses.map(formatAddress));
    if (address !== null && passed.length > 0 && !passed.includes(formatAddress(address))) {
      const message = `listener ${name}: ${units[0]?.unit} listens on ${passed.join(" and ")}, so the address ${formatAddress(address)} of the config is not used`;
      findings.push(
        problem("listener-address", message, { where: configFile, lines: [`address = "${passed[0]}"`] }),
      );
    }
  }
  for (const { unit, listener } of sockets) {
    if (listeners === null || listeners.some(({ name }) => name === listener)) continue;
    const message = `${unit} passes a listener named ${listener}, and the config declares none of that name: it is closed`;
    findings.push(
      problem("socket-without-listener", message, { where: configFile, lines: [`[listeners.${listener}]`] }),
    );
  }
  return findings;
};

/** Accept=yes starts a process a connection. */
export const checkAccept: Check = ({ sockets }) =>
  sockets
    .filter(({ accept }) => accept)
    .map(({ unit }) =>
      problem("accept", `${unit}: Accept=yes passes connections, not the listener`, {
        where: `systemctl edit ${unit}`,
        lines: ["[Socket]", "Accept=no"],
      }),
    );

/** What is no stream and no UDP socket the daemon closes. */
export const checkKinds: Check = ({ sockets }) =>
  sockets
    .filter(({ unused }) => unused.length > 0)
    .map(({ unit, unused }) =>
      problem(
        "socket-kind",
        `${unit} also passes ${unused.join(" and ")}: no worker gets that, and whoever writes to it is never heard`,
        {
          where: `systemctl edit --full ${unit}`,
          lines: ["# ListenStream= and UDP by ListenDatagram= only"],
        },
      ),
    );

/** Without Accept=yes systemd does not see the connections. */
export const checkPerSource: Check = ({ sockets }) =>
  sockets
    .filter(({ accept, perSource }) => !accept && perSource > 0)
    .map(({ unit }) =>
      note(
        "per-source",
        `${unit}: MaxConnectionsPerSource= counts with Accept=yes only: connections from one address are not limited`,
      ),
    );

/** systemd removes a runtime directory with all that is in it when the service stops, and the socket unit goes on without its file. */
export const checkSocketFiles: Check = ({ sockets, unit }) => {
  if (unit.properties.get("RuntimeDirectoryPreserve") === "yes") return [];
  const directories = (unit.properties.get("RuntimeDirectory") ?? "").split(" ").filter(Boolean);
  return sockets.flatMap(({ unit: socket, addresses }) =>
    addresses.flatMap((address) => {
      const path = address.kind === "unix" ? address.path : "";
      if (!directories.some((directory) => path.startsWith(`/run/${directory}/`))) return [];
      const message = `${socket} listens on ${path}, in a runtime directory of the service, which systemd removes at each stop: from then on nobody finds the socket`;
      const lines = ["[Socket]", "ListenStream=", `ListenStream=/run/${path.split("/").at(-1)}`];
      return [problem("socket-file", message, { where: `systemctl edit ${socket}`, lines })];
    }),
  );
};

/** What the daemon itself calls degraded, with the way out. */
export const checkDown: Check = ({ report, unit, sockets }) =>
  (report?.listeners ?? []).flatMap(({ name, address, origin, down }) => {
    if (down === null) return [];
    const socket = sockets.find(({ listener }) => listener === name)?.unit ?? "its socket unit";
    const where =
      origin === "unit"
        ? `systemctl stop ${unit.name} ${socket}; systemctl start ${socket} ${unit.name}`
        : `systemctl reload ${unit.name}`;
    const message = `clients are refused at listener ${name} (${address}): ${down}`;
    return [problem("listener-down", message, { where, lines: [] })];
  });

/** A port that another service has, before the start that would fail on it. */
export const checkTakenAddresses: Check = ({ taken, unit, report }) =>
  taken.map(({ address, socketUnit, process, pid, unit: owner }) => {
    if (owner === unit.name) {
      const message = `${socketUnit} does not listen: the daemon itself has ${address}, until it is stopped and started`;
      return note("address-own", message);
    }
    const who = `${process}, pid ${pid}${owner === null ? "" : `, of ${owner}`}`;
    const listens = socketUnit ?? unit.name;
    const verb = socketUnit === null && report !== null ? "reload" : "start";
    return problem("address-taken", `${address} is taken: ${who} has it, so ${listens} cannot listen there`, {
      where: "without a gap: /usr/share/doc/holdfast/moving-over.md; or",
      lines: [`${owner === null ? `kill ${pid}` : `systemctl stop ${owner}`}; systemctl ${verb} ${listens}`],
    });
  });
