import { request } from "node:http";
import { text } from "node:stream/consumers";
import { DEADLINE_MS } from "../container/wait-until.js";
import { HarnessError } from "../harness-error.js";
import { Asking } from "./asking.js";

export type MetricsAddress = { readonly port: number } | { readonly socketPath: string };

export interface Scraped {
  readonly status: number;
  readonly body: string;
}

/** One request, never tried again. Throws when it has no whole answer. */
export function askForMetrics(
  address: MetricsAddress,
  { method = "GET", path = "/metrics" } = {},
): Promise<Scraped> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const sent = request(
      { host: "127.0.0.1", ...address, path, method, agent: false, signal },
      (response) => {
        text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      },
    );
    sent.on("error", reject);
    sent.end();
  });
}

/** The metrics by their names and labels, as `name{label="value"}`. */
export async function scrape(address: MetricsAddress): Promise<ReadonlyMap<string, number>> {
  const { status, body } = await askForMetrics(address);
  if (status !== 200) throw new HarnessError("scrape", `the scrape was answered ${status}: ${body}`);
  const lines = body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(" ");
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/** A scraper that does not give up: it scrapes again and again, and each failure counts. */
export class Scraper extends Asking {
  scraped = 0;

  constructor(address: MetricsAddress) {
    super(
      [
        async () => {
          await scrape(address);
          this.scraped += 1;
        },
      ],
      "again",
    );
  }
}
