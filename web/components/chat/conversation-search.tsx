/** Searching in the open conversation: a field below its header, and what was found over the messages. */
import { type ReactNode, useEffect, useRef, useState } from "react";
import { SearchField, useSettled } from "./search-field.tsx";
import { SearchHits } from "./search-hits.tsx";

export interface ConversationSearchProps {
  readonly who: string;
  readonly name: string;
  readonly onClose: () => void;
}

/** Half of the height at most: the place one came from stays in sight. */
export function ConversationSearch({ who, name, onClose }: ConversationSearchProps): ReactNode {
  const [typed, setTyped] = useState("");
  const words = useSettled(typed);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <search
      className="flex max-h-1/2 shrink-0 flex-col border-b border-divider"
      aria-label={`In the messages with ${name}`}
    >
      <div className="flex p-3 pane:px-5">
        <SearchField
          ref={field}
          label={`Search the messages with ${name}`}
          value={typed}
          onChange={setTyped}
          onClear={() => (typed === "" ? onClose() : setTyped(""))}
        />
      </div>
      {words !== "" && (
        <div className="min-h-0 overflow-y-auto pb-2">
          <SearchHits words={words} who={who} onChoose={onClose} />
        </div>
      )}
    </search>
  );
}
