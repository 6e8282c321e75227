import { readFileSync } from "node:fs";
import { pathInCheckout } from "../harness/container/checkout.js";
import type { Container } from "../harness/container/container.js";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { unjudgedTables } from "../harness/process/unjudged.js";
import type { Service } from "./services.js";
import { parseStamps, type Stamp, stampsVariable } from "./stamps.js";

/** One native worker, and the same app on the same kind of listener without Holdfast. */
export const NATIVE = { units: "holdfast@native.service", address: "127.0.0.1:8082" };
export const BARE = { units: "bare.service", address: "127.0.0.1:8083" };
/** The same answer from an app with a framework to load, the Holdfast library included. */
export const EXPRESS = { units: "holdfast@express.service", address: "127.0.0.1:8084" };
/** The same with a second of boot that is not computing: a database to reach, a cache to fill. */
export const SLOW = { units: "holdfast@slow.service", address: "127.0.0.1:8085" };
/** The first again, whose idle connections go dormant. */
export const ASLEEP = { units: "holdfast@asleep.service", address: "127.0.0.1:8086" };

/** The sandbox lets workers write there by a drop-in. */
const STAMPS = "/run/stamps";
export const NATIVE_STAMPS = `${STAMPS}/native`;
export const RELEASE = "/srv/native/current";

const UNITS = "/etc/systemd/system";

const BARE_UNIT = `[Service]
Environment=PLAIN=1
LimitNOFILE=524288
ExecStart=/usr/bin/node --expose-gc ${RELEASE}/server.js
`;

let deployed = 0;

export async function installNativeServices(container: Container): Promise<void> {
  await container.sh(`mkdir -p -m 777 ${STAMPS}`);
  await deploy(container);
  await container.write(`${UNITS}/holdfast@.service.d/stamps.conf`, `[Service]\nReadWritePaths=${STAMPS}\n`);
  await writeService(container, NATIVE, "");
  await writeService(container, EXPRESS, 'EXPRESS = "1", ');
  await writeService(container, SLOW, 'EXPRESS = "1", BOOT_MS = "1000", ');
  await writeService(container, ASLEEP, 'DORMANT_AFTER = "1s", ');
  await container.write(`${UNITS}/bare.service`, BARE_UNIT);
  await container.write(`${UNITS}/bare.socket`, `[Socket]\nListenStream=${BARE.address}\nBacklog=4096\n`);
  await container.sh("systemctl daemon-reload && systemctl start bare.socket");
  await container.sh(
    `systemctl start ${NATIVE.units} ${EXPRESS.units} ${SLOW.units} ${ASLEEP.units} ${BARE.units}`,
  );
}

async function writeService(
  container: Container,
  { units, address }: Service,
  environment: string,
): Promise<void> {
  const name = instanceOf(units);
  await container.write(
    `/etc/holdfast/${name}.toml`,
    `command = ["/usr/bin/node", "--expose-gc", "server.js"]\nrelease = "${RELEASE}"\nworkers = 1\n` +
      `environment = { ${environment}${stampsVariable} = "${STAMPS}/${name}" }\n` +
      `[listeners.http]\naddress = "${address}"\n${unjudgedTables}`,
  );
}

/** `web` of holdfast@web.service */
export function instanceOf(unit: string): string {
  return unit.slice("holdfast@".length, -".service".length);
}

/** Makes another version current; what runs goes on. Returns its name. */
export async function deploy(container: Container): Promise<string> {
  deployed += 1;
  const version = `v${deployed}`;
  const directory = `/srv/native/${version}`;
  await container.write(`${directory}/version`, version);
  await container.write(`${directory}/package.json`, '{ "type": "module" }');
  await container.write(
    `${directory}/server.js`,
    readFileSync(pathInCheckout("test/bench/app/server.js"), "utf8"),
  );
  await container.sh(
    `ln -sfnT ${version} /srv/native/new && mv -T /srv/native/new ${RELEASE} && : > ${NATIVE_STAMPS} && chmod 666 ${NATIVE_STAMPS}`,
  );
  return version;
}

/** Waits until an old worker has moved its last connection, since the last `deploy`. Starts no process, which would be measured. */
export function waitUntilMoved(container: Container): Promise<readonly Stamp[]> {
  return waitUntil("an old worker without connections", DEADLINE_MS, () => {
    const stamps = parseStamps(readFileSync(`/proc/${container.pid}/root${NATIVE_STAMPS}`, "utf8"));
    return stamps.some(({ what }) => what === "moved") ? stamps : null;
  });
}
