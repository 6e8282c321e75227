import { render } from "preact";
import type { HistoryEntry } from "../../control/replies.js";
import { sayState } from "../in-words.js";
import { type Link, Page } from "../page.js";
import { nothingSeen, take, takeHistory } from "../seen.js";
import { Actions } from "./actions.js";
import { Charts } from "./charts.js";
import { followFeed } from "./feed.js";

const root = document.getElementById("page");
if (root === null) throw new Error("the document has no place for the page");
const place = root;
const instance = place.dataset["instance"] ?? null;

let seen = nothingSeen;
let link: Link = { kind: "live" };
/** What the server's clock said, and what the browser's own did then. */
let heard: { readonly at: number; readonly here: number } | undefined;
let historyOf = "";
let askingAgain: ReturnType<typeof setTimeout> | undefined;
let drawing = false;
/** So long after the page was opened it is told what had happened before. */
const untoldMs = 3_000;

followFeed({
  onMessage(message) {
    seen = take(seen, message);
    link = { kind: "live" };
    // News may be old.
    if (message.type === "hello" || message.type === "instances")
      heard = { at: message.at, here: performance.now() };
    if (message.type === "instances") noticeChange();
    draw();
  },
  isExpecting: () => seen.instances?.some(({ status }) => status !== null) ?? false,
  onLost() {
    link = { kind: "lost", since: now() };
    const state = place.querySelector(".link.still");
    if (state !== null) state.textContent = "Not live yet: the server does not answer.";
    draw();
  },
});

// Ages go on between two messages.
setInterval(draw, 1_000);

/** The server's time, which stands still while nobody hears of it. */
function now(): number {
  if (heard === undefined) return Date.now();
  if (link.kind === "lost") return link.since;
  return heard.at + performance.now() - heard.here;
}

/** What the server has made stays until there is more to show. */
function draw(): void {
  if (drawing || (seen.instances === null && link.kind === "live")) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    if (seen.instances !== null) drawPage();
  });
}

function drawPage(): void {
  const samples = (instance !== null && seen.samples.get(instance)) || [];
  const view = seen.instances?.find(({ name }) => name === instance);
  const history = (instance !== null && seen.histories.get(instance)) || [];
  const actions =
    seen.actions !== null && view?.status != null ? (
      <Actions status={view.status} history={history} access={seen.actions} />
    ) : null;
  const charts = <Charts samples={samples} now={now()} />;
  if (view !== undefined) document.title = `${sayState(view).word}: ${view.name} · Holdfast`;
  render(
    <Page
      instance={instance}
      seen={seen}
      now={now()}
      link={link}
      told={performance.now() > untoldMs}
      charts={charts}
      actions={actions}
    />,
    place,
  );
}

/** The history changes when generations come and go, and with what becomes of them. */
function noticeChange(): void {
  const status = seen.instances?.find(({ name }) => name === instance)?.status;
  if (instance === null || status == null) return;
  const { generations, lastUpgrade, accounts } = status;
  const marks = [
    generations.map(({ id, phase, proof }) => [id, phase, proof?.kind]),
    [lastUpgrade?.upgrade, lastUpgrade?.verdict],
    accounts.map(({ upgrade }) => upgrade),
  ];
  const changed = JSON.stringify(marks);
  if (changed === historyOf) return;
  historyOf = changed;
  const ask = (): void => {
    askForHistory(instance).catch(() => {
      historyOf = "";
    });
  };
  ask();
  // The server may answer with what it was told a moment before.
  clearTimeout(askingAgain);
  askingAgain = setTimeout(ask, 1_500);
}

async function askForHistory(name: string): Promise<void> {
  const answer = await fetch(`/api/history/${encodeURIComponent(name)}`);
  if (!answer.ok) throw new Error(`the history is not told: ${answer.status}`);
  const history: readonly HistoryEntry[] = await answer.json();
  seen = takeHistory(seen, name, history);
  draw();
}
