import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from "node:http";
import type { FeedMessage } from "../../../src/web/feed.js";
import { DEADLINE_MS, waitUntil } from "../container/wait-until.js";

/** Reads server-sent events as a browser does. */
export class FeedReader {
  readonly messages: FeedMessage[] = [];
  /** As it would be sent on a new connection. */
  lastId: string | undefined;
  ended = false;
  #rest = "";
  #response: IncomingMessage | undefined;
  readonly #request: ClientRequest;

  constructor(where: RequestOptions, headers: Record<string, string> = {}) {
    this.#request = request({
      ...where,
      path: "/feed",
      headers: { host: "localhost", ...headers },
      agent: false,
    });
    const over = (): void => {
      this.ended = true;
    };
    this.#request.on("error", over);
    this.#request.on("response", (response) => {
      this.#response = response;
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => this.#read(chunk));
      response.on("error", over);
      response.on("close", over);
    });
    this.#request.end();
  }

  /** Waits until one has come. */
  async until<Type extends FeedMessage["type"]>(
    type: Type,
    matches: (message: Extract<FeedMessage, { type: Type }>) => boolean = () => true,
  ): Promise<Extract<FeedMessage, { type: Type }>> {
    const isMeant = (message: FeedMessage): message is Extract<FeedMessage, { type: Type }> =>
      message.type === type;
    const find = () => this.messages.filter(isMeant).find(matches);
    await waitUntil(`a message: ${type}`, DEADLINE_MS, () => find() !== undefined, 5);
    const found = find();
    if (found === undefined) throw new Error(`no ${type}`);
    return found;
  }

  /** What the news said, in order. */
  get told(): string[] {
    return this.messages.flatMap((message) => (message.type === "news" ? [message.news.message] : []));
  }

  /** Reads no more, and leaves the connection open. */
  stall(): void {
    this.#response?.pause();
  }

  /** Reads what has come meanwhile. */
  goOn(): void {
    this.#response?.resume();
  }

  close(): void {
    this.#request.destroy();
  }

  #read(chunk: string): void {
    const events = (this.#rest + chunk).split("\n\n");
    this.#rest = events.pop() ?? "";
    for (const line of events.flatMap((event) => event.split("\n"))) {
      if (line.startsWith("id: ")) this.lastId = line.slice("id: ".length);
      if (line.startsWith("data: ")) this.messages.push(JSON.parse(line.slice("data: ".length)));
    }
  }
}
