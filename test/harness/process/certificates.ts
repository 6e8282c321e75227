import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** As puppets with TLS read it. */
export function writeCertificate(
  directory: string,
  { key, cert }: { readonly key: string; readonly cert: string },
): void {
  writeFileSync(join(directory, "key.pem"), key);
  writeFileSync(join(directory, "cert.pem"), cert);
}
