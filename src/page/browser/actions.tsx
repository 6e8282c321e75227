import { useRef, useState } from "preact/hooks";
import type { HistoryEntry, StatusReport } from "../../control/replies.js";
import { act } from "./act.js";
import { type Action, actionsFor } from "./offers.js";

/** What the page offers to do with an instance; each is confirmed before it is asked for. */
export function Actions({
  status,
  history,
}: {
  readonly status: StatusReport;
  readonly history: readonly HistoryEntry[];
}) {
  const [chosen, choose] = useState<Action | null>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const offered = actionsFor(status, history);
  const open = (action: Action): void => {
    choose(action);
    dialog.current?.showModal();
  };
  return (
    <>
      <fieldset class="actions">
        <legend class="heard">Actions</legend>
        {offered.map((action) => (
          <button key={action.command} type="button" onClick={() => open(action)}>
            {action.title}…
          </button>
        ))}
      </fieldset>
      <dialog ref={dialog} aria-labelledby="confirm">
        {chosen !== null && (
          <Confirm
            key={chosen.command}
            name={status.name}
            action={chosen}
            close={() => {
              dialog.current?.close();
              choose(null);
            }}
          />
        )}
      </dialog>
    </>
  );
}

function Confirm({
  name,
  action,
  close,
}: {
  readonly name: string;
  readonly action: Action;
  readonly close: () => void;
}) {
  const [failure, fail] = useState<string | null>(null);
  const [asking, ask] = useState(false);
  const submit = async (form: HTMLFormElement): Promise<void> => {
    ask(true);
    const refused = await act(name, action.command, new FormData(form));
    ask(false);
    if (refused === null) close();
    else fail(refused);
  };
  return (
    <form
      method="dialog"
      onSubmit={(event) => {
        event.preventDefault();
        submit(event.currentTarget).catch((error) => fail(String(error)));
      }}
    >
      <h2 id="confirm">
        {action.title} {name}?
      </h2>
      <p>{action.meaning}</p>
      {action.targets.length > 0 && (
        <label>
          To
          <select name="to">
            {action.targets.map(({ generation, version }) => (
              <option key={generation} value={generation}>
                generation {generation}
                {version !== null && ` (${version})`}
              </option>
            ))}
          </select>
        </label>
      )}
      {action.says && (
        <label>
          Why (optional)
          <input name="message" maxLength={200} autocomplete="off" />
        </label>
      )}
      {action.forces && (
        <label class="check">
          <input type="checkbox" name="force" /> also a version that was judged bad
        </label>
      )}
      <p class="refused" role="alert">
        {failure}
      </p>
      <div class="buttons">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button type="submit" class="do" disabled={asking}>
          {action.title}
        </button>
      </div>
    </form>
  );
}
