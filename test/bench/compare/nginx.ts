import { DRAIN_SECONDS, STAND_IN_PORT, type System } from "./system.js";

const PORT = 8130;
const DIRECTORY = "/run/compare-nginx";

/** Nothing but the upgrade closes a kept connection. */
const configOf = (version: string) => `worker_processes 1;
worker_shutdown_timeout ${DRAIN_SECONDS}s;
pid ${DIRECTORY}/nginx.pid;
error_log ${DIRECTORY}/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_timeout 600s;
  keepalive_requests 1000000;
  proxy_http_version 1.1;
  server {
    listen 127.0.0.1:${PORT} backlog=4096;
    add_header X-Version ${version};
    location / { return 200 "ok\\n"; }
    location /slow { proxy_pass http://127.0.0.1:${STAND_IN_PORT}; proxy_hide_header X-Version; }
    location /talk {
      proxy_pass http://127.0.0.1:${STAND_IN_PORT};
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_read_timeout 600s;
    }
  }
}
`;

/** nginx.org, "Controlling nginx", Upgrading Executable on the Fly. WINCH comes as soon as the new workers are there. */
const UPGRADE = `
cd ${DIRECTORY}
old=$(cat nginx.pid)
kill -USR2 "$old"
until [ -s nginx.pid.oldbin ] && [ -s nginx.pid ] && pgrep -f 'nginx: worker' -P "$(cat nginx.pid)" > /dev/null; do sleep 0.01; done
kill -WINCH "$old"
while pgrep -f 'nginx: worker' -P "$old" > /dev/null; do sleep 0.02; done
kill -QUIT "$old"
`;

/** The package's nginx, whose binary is replaced by itself with another version of the config. */
export const NGINX: System = {
  name: "nginx",
  port: PORT,
  unit: "compare-nginx.scope",
  firstStays: false,
  talks: true,
  start: async (container) => {
    await container.write(`${DIRECTORY}/nginx.conf`, configOf("v1"));
    await container.sh(
      `systemd-run --quiet --scope --unit=compare-nginx nginx -e ${DIRECTORY}/error.log -c ${DIRECTORY}/nginx.conf`,
    );
    await container.write(`${DIRECTORY}/nginx.conf`, configOf("v2"));
  },
  upgrade: async (container) => {
    await container.sh(UPGRADE);
  },
};
