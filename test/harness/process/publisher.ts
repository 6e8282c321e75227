import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Manifest = Readonly<Record<string, string | number>>;

/** Whoever signs releases of an instance, and puts them where hosts look for them. */
export class Publisher implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), "holdfast-publisher-"));
  readonly source = join(this.#directory, "source");
  readonly keyring = join(this.#directory, "keyring.gpg");
  readonly #name: string;
  readonly #home = join(this.#directory, "gnupg");

  constructor(name: string) {
    this.#name = name;
    mkdirSync(this.source);
    mkdirSync(this.#home, { mode: 0o700 });
    this.#gpg("--quick-generate-key", "releases@example.com", "ed25519", "sign", "never");
    writeFileSync(this.keyring, this.#gpg("--export"));
  }

  /** Packs a directory as a release, and signs that it is the newest; what is given besides is in the manifest, or in the place of what is. */
  publish(serial: number, version: string, directory: string, also: Manifest = {}): void {
    const file = `${version}.tar.gz`;
    const path = join(this.source, file);
    execFileSync("tar", ["--create", "--gzip", "--file", path, "--directory", directory, "."]);
    const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
    this.sign({ instance: this.#name, serial, version, file, sha256, ...also });
  }

  /** Puts a signed manifest there, at once. */
  sign(manifest: Manifest): void {
    const lines = Object.entries(manifest).map(([field, value]) => `${field} ${value}\n`);
    const plain = join(this.#directory, "manifest");
    writeFileSync(plain, lines.join(""));
    writeFileSync(`${plain}.asc`, this.#gpg("--clearsign", "--output", "-", plain));
    renameSync(`${plain}.asc`, this.manifestFile);
  }

  get manifestFile(): string {
    return join(this.source, `${this.#name}.release`);
  }

  #gpg(...args: readonly string[]): Buffer {
    const options = ["--homedir", this.#home, "--batch", "--quiet", "--passphrase", ""];
    return execFileSync("gpg", [...options, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  }

  [Symbol.dispose](): void {
    execFileSync("gpgconf", ["--homedir", this.#home, "--kill", "all"]);
    rmSync(this.#directory, { recursive: true });
  }
}
