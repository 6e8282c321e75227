import { DRAIN_SECONDS, deploySite, type System } from "./system.js";

interface Setup {
  readonly name: string;
  readonly port: number;
  readonly signal: "USR1" | "USR2";
  /** 0: no process beside the one that is started. */
  readonly workers: number;
}

/** Its phased restart ends one worker after the other, so that there has to be another one. */
export const PUMA_PHASED = puma({ name: "puma, phased", port: 8200, signal: "USR1", workers: 2 });
/** Its hot restart executes puma anew in the same process. */
export const PUMA_HOT = puma({ name: "puma, hot restart", port: 8210, signal: "USR2", workers: 0 });

/** The package's puma, by its own restarts (its docs/restart.md), in a unit as in its docs/systemd.md. */
function puma({ name, port, signal, workers }: Setup): System {
  const unit = `compare-puma-${port}.service`;
  const directory = `/srv/compare-puma-${port}`;
  const config = `bind "tcp://127.0.0.1:${port}?backlog=4096"
workers ${workers}
threads 128, 128
persistent_timeout 600
force_shutdown_after ${DRAIN_SECONDS}
directory "${directory}/current"
`;
  const service = `[Service]
Type=notify
WatchdogSec=10
WorkingDirectory=${directory}/current
ExecStart=/usr/bin/puma -C ${directory}/puma.rb
ExecReload=/bin/kill -s ${signal} $MAINPID
TimeoutStopSec=${DRAIN_SECONDS}
`;
  return {
    name,
    port,
    unit,
    firstStays: true,
    talks: false,
    start: async (container) => {
      await deploySite(container, directory, "v1", "site.ru");
      await container.write(`${directory}/puma.rb`, config);
      await container.write(`/etc/systemd/system/${unit}`, service);
      await container.sh(`systemctl daemon-reload && systemctl start ${unit}`);
      await deploySite(container, directory, "v2", "site.ru");
    },
    upgrade: async (container) => {
      await container.sh(`systemctl reload ${unit}`);
    },
  };
}
