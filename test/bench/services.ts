import { execFileSync } from "node:child_process";
import { pathInCheckout } from "../harness/container/checkout.js";
import type { Container } from "../harness/container/container.js";
import { HarnessError } from "../harness/harness-error.js";
import { unjudgedTables } from "../harness/process/unjudged.js";
import { stampsVariable } from "./stamps.js";

/** The same program with the same socket unit twice: under Holdfast, and as two units that share the socket. */
export const HOLDFAST = { units: "holdfast@web.service", address: "127.0.0.1:8080" };
export const PLAIN = { units: "plain@1.service plain@2.service", address: "127.0.0.1:8081" };
export type Service = typeof HOLDFAST;

const SERVER = "/srv/web/server.js";

const CONFIG = `command = ["/usr/bin/node", "server.js"]
release = "/srv/web"
workers = 2
${unjudgedTables}`;

// The rest as in units/holdfast@.service where it could make a difference.
const PLAIN_UNIT = `[Service]
Type=notify
NotifyAccess=all
ExecStart=/usr/bin/node ${SERVER}
WorkingDirectory=/srv/web
Sockets=plain.socket
KillMode=mixed
`;

export async function installServices(container: Container): Promise<void> {
  await container.sh("cp -r /opt/apps/plain /srv/web && echo v1 > /srv/web/version");
  const socket = (address: string, more: string) =>
    `[Socket]\nListenStream=${address}\nBacklog=4096\n${more}\n`;
  const units = "/etc/systemd/system";
  await container.write("/etc/holdfast/web.toml", CONFIG);
  await container.write(`${units}/holdfast@web.socket`, socket(HOLDFAST.address, "FileDescriptorName=http"));
  await container.write(`${units}/plain@.service`, PLAIN_UNIT);
  await container.write(`${units}/plain.socket`, socket(PLAIN.address, "Service=plain@1.service"));
  await container.sh("systemctl daemon-reload && systemctl start holdfast@web.socket plain.socket");
  await copyPrograms(container);
  await container.sh(`systemctl start ${HOLDFAST.units} ${PLAIN.units}`);
}

/** The benchmark's own programs and what they import, in /opt/holdfast/build. */
async function copyPrograms(container: Container): Promise<void> {
  const compiled = execFileSync(
    "tar",
    ["--create", "--directory", pathInCheckout(), "build/src", "build/test/bench", "build/test/harness"],
    {
      maxBuffer: 2 ** 26,
    },
  );
  const extract = ["tar", "--extract", "--no-same-owner", "--directory", "/opt/holdfast"] as const;
  const { code, stderr } = await container.exec([...extract], { input: compiled });
  if (code !== 0)
    throw new HarnessError("install", `cannot copy the benchmark into the container: ${stderr}`);
}

/** From now on the service runs the daemon that leaves stamps in `file`. */
export async function installTimedDaemon(container: Container, unit: string, file: string): Promise<void> {
  await container.write(
    `/etc/systemd/system/${unit}.d/bench.conf`,
    `[Service]\nReadWritePaths=/run/stamps\nEnvironment=${stampsVariable}=${file}\nExecStart=\n` +
      "ExecStart=/usr/bin/node /opt/holdfast/build/test/bench/timed-daemon.js --name %i\n",
  );
  await container.sh(`systemctl daemon-reload && systemctl restart ${unit}`);
}
