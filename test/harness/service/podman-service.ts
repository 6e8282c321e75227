import assert from "node:assert/strict";
import type { Container } from "../container/container.js";
import { DEADLINE_MS, waitUntil } from "../container/wait-until.js";
import { unjudgedTables } from "../process/unjudged.js";
import { WebService } from "./web-service.js";

/** podman in a container of systemd-nspawn: no keyrings, and no overlay on an overlay. */
export const PODMAN_SETTINGS = `
mkdir -p /etc/containers
printf '[containers]\\nkeyring = false\\n' > /etc/containers/containers.conf
printf '[storage]\\ndriver = "vfs"\\nrunroot = "/run/containers/storage"\\ngraphroot = "/var/lib/containers/storage"\\n' > /etc/containers/storage.conf
`;

/** In an empty folder: a root file system that has its programs from /usr of the machine, mounted there. */
export const PLATFORM = `
mkdir app dev etc proc run sys tmp usr
touch etc/hostname etc/hosts etc/mtab etc/resolv.conf
mkdir -p var run/secrets
for folder in bin lib lib64 sbin; do ln -s "usr/$folder" "$folder"; done
`;

export async function setUpPodman(container: Container): Promise<void> {
  await container.sh(PODMAN_SETTINGS);
  await container.sh(
    `useradd --create-home web\nmkdir -p /srv/platform\ncd /srv/platform\n${PLATFORM}\nchown -R web .`,
  );
}

/** The unit of docs/podman.md. */
function unitFor(name: string, user: string): string {
  return `[Service]
Type=notify
NotifyAccess=exec
ExecStart=/usr/bin/holdfastd --name ${name}
ExecReload=/bin/sh -c 'echo $$$$ "$$HOLDFAST_MESSAGE" >"%t/holdfast/${name}/reload"; kill -HUP $MAINPID; exec /usr/bin/holdfast -n ${name} upgrade'
ExecStopPost=/usr/bin/holdfast -n ${name} reap
Restart=on-failure
KillMode=process
NonBlocking=yes
FileDescriptorStoreMax=4096
RuntimeDirectory=holdfast/${name}
RuntimeDirectoryPreserve=restart
StateDirectory=holdfast/${name}
User=${user}
Environment=XDG_RUNTIME_DIR=%t/holdfast/${name}
TimeoutStartSec=10min
`;
}

/** A service whose workers are containers: the code is in the release, what it runs on in a root file system. */
export class PodmanService {
  readonly web: WebService;

  private constructor(web: WebService) {
    this.web = web;
  }

  static async install(container: Container, user: "root" | "web"): Promise<PodmanService> {
    const web = await WebService.install(container, { app: "node" });
    await container.write(`/etc/systemd/system/${web.unit}`, unitFor(web.name, user));
    await container.sh("systemctl daemon-reload");
    return new PodmanService(web);
  }

  /** The next version, which says that it is ready as `sdnotify` has it. */
  async deploy(version: string, sdnotify: string, flaws: Record<string, string> = {}): Promise<void> {
    const options = [
      "--rm --replace",
      '--name "$HOLDFAST_NAME-$HOLDFAST_GENERATION-$HOLDFAST_WORKER"',
      `--init --sdnotify=${sdnotify} --cgroups=disabled --network=none --read-only`,
      '-v /usr:/usr:ro -v "$PWD:/app:ro"',
    ];
    const run = `exec podman run ${options.join(" ")} --rootfs /srv/platform node /app/server.js`;
    await this.web.deploy(version, { ...flaws, run } as Record<string, string>);
  }

  /** Its first version, with that --sdnotify. */
  async start(sdnotify: string, judged = unjudgedTables): Promise<void> {
    await this.deploy("v1", sdnotify);
    await this.configure("", judged);
    await this.web.must("start");
  }

  configure(ready = "", judged = unjudgedTables): Promise<void> {
    const { name, address } = this.web;
    return this.web.writeConfig(
      [
        `command = ["/bin/sh", "run"]\nrelease = "/srv/${name}/current"`,
        `[listeners.http]\naddress = "${address}"`,
        `[ready]\ntimeout = "20s"\n${ready}`,
        '[drain]\ntimeout = "20s"\nkill = "2s"',
        judged,
      ].join("\n"),
    );
  }

  /** Names of its containers that run. */
  async containers(): Promise<string[]> {
    const names = await this.web.container.sh(
      `podman ps --filter name=^${this.web.name}- --format '{{.Names}}'`,
    );
    return names.split("\n").filter(Boolean).sort();
  }

  /** Stops it; nothing of it may be left. */
  async end(): Promise<void> {
    await this.web.must("stop");
    await waitUntil("no process in the unit's cgroup", DEADLINE_MS, async () => {
      return (await this.web.pids()).length === 0;
    });
    assert.deepEqual(await this.containers(), []);
  }
}
