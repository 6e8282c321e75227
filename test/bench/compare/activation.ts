import { DRAIN_SECONDS, deploySite, type System } from "./system.js";

const DIRECTORY = "/srv/activated";
const PORT = 8150;

const SERVICE = `[Service]
Type=notify
NotifyAccess=all
Environment=MODE=passed
ExecStart=/usr/bin/node ${DIRECTORY}/current/site.js
KillMode=mixed
TimeoutStopSec=${DRAIN_SECONDS}
`;

/** The site without the library on a socket of systemd's, restarted: nothing answers from the old process's end to the new one's start. */
export const ACTIVATION: System = {
  name: "socket activation",
  port: PORT,
  unit: "activated.service",
  firstStays: false,
  talks: true,
  start: async (container) => {
    await deploySite(container, DIRECTORY, "v1");
    await container.write("/etc/systemd/system/activated.service", SERVICE);
    await container.write(
      "/etc/systemd/system/activated.socket",
      `[Socket]\nListenStream=127.0.0.1:${PORT}\nBacklog=4096\n`,
    );
    await container.sh(
      "systemctl daemon-reload && systemctl start activated.socket && systemctl start activated.service",
    );
    await deploySite(container, DIRECTORY, "v2");
  },
  upgrade: async (container) => {
    await container.sh("systemctl restart activated.service");
  },
};
