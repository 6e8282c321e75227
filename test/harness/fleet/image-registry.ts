import { PLATFORM, PODMAN_SETTINGS } from "../service/podman-service.js";
import type { Fleet } from "./fleet.js";
import { CONTROLLER_ADDRESS } from "./network.js";

const ADDRESS = `${CONTROLLER_ADDRESS}:5000`;
const CONFIG = `version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/docker-registry}}
http: {addr: "${ADDRESS}"}
`;
const TRUSTED = `[[registry]]\nlocation = "${ADDRESS}"\ninsecure = true\n`;

/** Debian's registry of images on the controller, without TLS, and podman there and on each host. */
export class ImageRegistry {
  readonly #fleet: Fleet;

  private constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  static async start(fleet: Fleet): Promise<ImageRegistry> {
    const { controller, hosts } = fleet;
    for (const container of [controller, ...hosts.map((host) => host.container)]) {
      await container.sh(PODMAN_SETTINGS);
      await container.write("/etc/containers/registries.conf.d/fleet.conf", TRUSTED);
    }
    await controller.write("/etc/registry.yml", CONFIG);
    await controller.sh(`
systemd-run --quiet --unit=registry docker-registry serve /etc/registry.yml
curl -sS --retry 20 --retry-connrefused --retry-delay 1 http://${ADDRESS}/v2/
`);
    return new ImageRegistry(fleet);
  }

  /** What an image is called by that tag. */
  nameOf(tag: string): string {
    return `${ADDRESS}/web:${tag}`;
  }

  /** The tag is from now on an image of the app in this tarball of the controller, whose programs are those of the machine that it runs on. */
  async push(tarball: string, tag: string): Promise<void> {
    await this.#fleet.controller.sh(`
rm -rf /srv/image && mkdir /srv/image && cd /srv/image
${PLATFORM}
tar --extract --gzip --file ${tarball} --directory app
tar --create . | podman import --quiet --change 'CMD ["node", "/app/plain.js"]' - ${this.nameOf(tag)}
podman push --quiet ${this.nameOf(tag)}
`);
  }
}
