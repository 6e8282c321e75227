import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import type { Container } from "../../harness/container/container.js";
import { ensureCached } from "./cache.js";
import { DRAIN_SECONDS, deploySite, type System } from "./system.js";

export const PM2_VERSION = "7.0.4";
const PORT = 8220;
const DIRECTORY = "/srv/compare-pm2";
const PROGRAM = "/opt/pm2/node_modules/pm2/bin/pm2";
const HOME = `${DIRECTORY}/home`;
const INSTALL_TIMEOUT_MS = 120_000;
const MOST_BYTES = 2 ** 28;

/** pm2.keymetrics.io, "Graceful Start/Shutdown" and "Cluster Mode". */
const ECOSYSTEM = {
  apps: [
    {
      name: "site",
      script: `${DIRECTORY}/current/site.js`,
      exec_mode: "cluster",
      instances: 1,
      wait_ready: true,
      kill_timeout: DRAIN_SECONDS * 1000,
      env: { MODE: String(PORT) },
    },
  ],
};

/** As `pm2 startup` writes it. */
const SERVICE = `[Service]
Type=forking
Environment=PM2_HOME=${HOME} PATH=/usr/bin:/bin
PIDFile=${HOME}/pm2.pid
ExecStart=/usr/bin/node ${PROGRAM} start ${DIRECTORY}/ecosystem.json
ExecStop=/usr/bin/node ${PROGRAM} kill
`;

/** The site without the library, whose worker pm2 replaces by another one in its cluster. */
export const PM2: System = {
  name: "pm2",
  port: PORT,
  unit: "compare-pm2.service",
  firstStays: true,
  talks: true,
  start: async (container) => {
    await deploySite(container, DIRECTORY, "v1");
    await container.write(`${DIRECTORY}/ecosystem.json`, JSON.stringify(ECOSYSTEM));
    await container.write("/etc/systemd/system/compare-pm2.service", SERVICE);
    await container.sh("systemctl daemon-reload && systemctl start compare-pm2.service");
    await deploySite(container, DIRECTORY, "v2");
  },
  upgrade: async (container) => {
    await container.sh(`PM2_HOME=${HOME} /usr/bin/node ${PROGRAM} reload site`);
  },
};

/** A folder with its node_modules, from the npm registry, once. */
export function ensurePm2(): Promise<string> {
  return ensureCached(`peer-pm2-${PM2_VERSION}`, async (folder) => {
    const options = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
    const argv = ["install", "--prefix", folder, ...options, `pm2@${PM2_VERSION}`];
    await promisify(execFile)("npm", argv, { timeout: INSTALL_TIMEOUT_MS });
  });
}

export async function installPm2(container: Container, folder: string): Promise<void> {
  const tar = execFileSync("tar", ["--create", "--directory", folder, "node_modules"], {
    maxBuffer: MOST_BYTES,
  });
  const script = "mkdir -p /opt/pm2 && tar --extract --no-same-owner --directory /opt/pm2";
  await container.exec(["/bin/sh", "-euc", script], { input: tar });
}
