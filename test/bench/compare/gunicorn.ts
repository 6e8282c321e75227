import type { Container } from "../../harness/container/container.js";
import { DRAIN_SECONDS, deploySite, type System } from "./system.js";

/** Threads, because its default workers keep no connection: enough for all visitors at once. */
const OPTIONS = [
  ...["--worker-class", "gthread", "--workers", "1", "--threads", "128", "--keep-alive", "600"],
  ...["--graceful-timeout", String(DRAIN_SECONDS), "--backlog", "4096"],
];

const HUP = { port: 8180, directory: "/srv/compare-gunicorn" };
const HELD = { port: 8190, directory: "/srv/compare-gunicorn-held" };

/** docs.gunicorn.org, "Deploying Gunicorn", systemd. */
const SERVICE = `[Service]
Type=notify
NotifyAccess=main
WorkingDirectory=${HUP.directory}
ExecStart=/usr/bin/gunicorn ${OPTIONS.join(" ")} --bind 127.0.0.1:${HUP.port} --chdir ${HUP.directory}/current app:app
ExecReload=/bin/kill -s HUP $MAINPID
KillMode=mixed
TimeoutStopSec=${DRAIN_SECONDS}
PrivateTmp=true
`;

/** The package's gunicorn, which its own reload has start new workers and end the old ones. */
export const GUNICORN: System = {
  name: "gunicorn, HUP",
  port: HUP.port,
  unit: "compare-gunicorn.service",
  firstStays: true,
  talks: false,
  start: async (container) => {
    await deploy(container, HUP.directory, "v1");
    await container.write("/etc/systemd/system/compare-gunicorn.service", SERVICE);
    await container.sh("systemctl daemon-reload && systemctl start compare-gunicorn.service");
    await deploy(container, HUP.directory, "v2");
  },
  upgrade: async (container) => {
    await container.sh("systemctl reload compare-gunicorn.service");
  },
};

/** The same gunicorn as Holdfast's worker, by the recipe (docs/recipes.md). */
export const HELD_GUNICORN: System = {
  name: "Holdfast, gunicorn",
  port: HELD.port,
  unit: "holdfast@gunicorn.service",
  firstStays: true,
  talks: false,
  start: async (container) => {
    await deploy(container, HELD.directory, "v1");
    const command = ["gunicorn", "--preload", ...OPTIONS, "app:app"];
    await container.write(
      "/etc/holdfast/gunicorn.toml",
      `command = ${JSON.stringify(command)}\nrelease = "${HELD.directory}/current"\n` +
        `[listeners.http]\naddress = "127.0.0.1:${HELD.port}"\n[drain]\ntimeout = "${DRAIN_SECONDS}s"\n`,
    );
    await container.sh("systemctl start holdfast@gunicorn.service");
    await deploy(container, HELD.directory, "v2");
  },
  upgrade: async (container) => {
    await container.sh("systemctl reload holdfast@gunicorn.service");
  },
};

function deploy(container: Container, directory: string, version: string): Promise<void> {
  return deploySite(container, directory, version, "site.py");
}
