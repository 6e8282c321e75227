import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import type { HistoryEntry, StatusReport } from "../../control/replies.js";
import type { Access } from "../seen.js";
import { act, hasToken, keepToken } from "./act.js";
import { type Action, actionsFor } from "./offers.js";

export interface ActionsProps {
  readonly status: StatusReport;
  readonly history: readonly HistoryEntry[];
  readonly access: Access;
}

/** What the page offers to do with an instance; each is confirmed before it is asked for. */
export function Actions({ status, history, access }: ActionsProps) {
  const [token, see] = useState<"none" | "kept" | "refused">(hasToken() ? "kept" : "none");
  if (access.token && token !== "kept")
    return <Enter refused={token === "refused"} onToken={() => see("kept")} />;
  const submit = async (action: Action, form: FormData): Promise<string | null> => {
    const refused = await act(status.name, action.command, access, form);
    if (access.token && !hasToken()) see("refused");
    return refused;
  };
  return (
    <fieldset class="actions">
      <legend class="heard">Actions</legend>
      {actionsFor(status, history).map((action) => (
        <Confirmed
          key={action.command}
          title={action.title}
          question={`${action.title}: ${status.name}?`}
          submit={(form) => submit(action, form)}
        >
          <p>{action.meaning}</p>
          <Choices action={action} />
        </Confirmed>
      ))}
    </fieldset>
  );
}

/** For a browser that has shown no token yet. */
function Enter({ refused, onToken }: { readonly refused: boolean; readonly onToken: () => void }) {
  const submit = async (form: FormData): Promise<null> => {
    keepToken(String(form.get("token")));
    onToken();
    return null;
  };
  return (
    <div class="actions">
      {refused && (
        <span class="refused" role="alert">
          The server does not know this token.
        </span>
      )}
      <Confirmed title="Act" question="Act on the instances of this host?" submit={submit}>
        <p>
          For that this browser needs a token. <code>holdfast web-token</code> prints one.
        </p>
        <label>
          Token
          <input name="token" type="password" autocomplete="off" required />
        </label>
      </Confirmed>
    </div>
  );
}

function Choices({ action: { targets, says, forces } }: { readonly action: Action }) {
  return (
    <>
      {targets.length > 0 && (
        <label>
          To
          <select name="to">
            {targets.map(({ generation, version }) => (
              <option key={generation} value={generation}>
                generation {generation}
                {version !== null && ` (${version})`}
              </option>
            ))}
          </select>
        </label>
      )}
      {says && (
        <label>
          Why (optional)
          <input name="message" maxLength={200} autocomplete="off" />
        </label>
      )}
      {forces && (
        <label class="check">
          <input type="checkbox" name="force" value="true" /> also a version that was judged bad
        </label>
      )}
    </>
  );
}

/** A button that asks before it does: `submit` says why it was refused. */
function Confirmed({
  title,
  question,
  submit,
  children,
}: {
  readonly title: string;
  readonly question: string;
  readonly submit: (form: FormData) => Promise<string | null>;
  readonly children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [refused, refuse] = useState<string | null>(null);
  const [asking, ask] = useState(false);
  const close = (): void => {
    refuse(null);
    dialog.current?.close();
  };
  const confirm = async (form: HTMLFormElement): Promise<void> => {
    ask(true);
    const why = await submit(new FormData(form));
    ask(false);
    if (why !== null) return refuse(why);
    form.reset();
    close();
  };
  return (
    <>
      <button type="button" onClick={() => dialog.current?.showModal()}>
        {title}…
      </button>
      <dialog ref={dialog} aria-label={question}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            confirm(event.currentTarget).catch((error) => refuse(String(error)));
          }}
        >
          <h2>{question}</h2>
          {children}
          <p class="refused" role="alert">
            {refused}
          </p>
          <div class="buttons">
            <button type="button" onClick={close}>
              Cancel
            </button>
            <button type="submit" class="do" disabled={asking}>
              {title}
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
