/** Who may write first: the choices of the settings in words. */
import type { Settings, WorkCost } from "../../src/api/contract.ts";

export type StrangerChoice = "invited" | `${number}`;

type StrangerSettings = Pick<Settings, "invitedOnly" | "strangerWork">;

export interface StrangerOption {
  readonly value: StrangerChoice;
  readonly title: string;
  readonly note: string;
}

const ANYBODY: StrangerOption = {
  value: "0",
  title: "Anybody",
  note: "Whoever has your key can send you a request at once, and a program can send thousands.",
};
const INVITED: StrangerOption = {
  value: "invited",
  title: "Only people with an invite of yours",
  note: "First messages of all others are dropped, and they are not told.",
};

const NOTES = [
  "So long as this machine would need, on average. People with an invite of yours need not. Other Nostr programs cannot: a few of their first messages are let through.",
  "The same, and eight times as dear for spammers. People with slow machines wait longer.",
  "The same once more. Some will give up.",
];

/** Without costs, as long as they are being measured, no seconds are named. */
export function strangerOptions(costs: readonly WorkCost[]): StrangerOption[] {
  const working = costs.filter(({ bits }) => bits > 0).map(asOption);
  return [ANYBODY, ...working, INVITED];
}

export function chosenOf({ invitedOnly, strangerWork }: StrangerSettings): StrangerChoice {
  return invitedOnly ? "invited" : `${strangerWork}`;
}

export function settingsOf(choice: StrangerChoice): Partial<StrangerSettings> {
  return choice === "invited" ? { invitedOnly: true } : { invitedOnly: false, strangerWork: Number(choice) };
}

/** Rounded as far as it is known: the time varies by chance. */
export function aboutSeconds(seconds: number): string {
  if (seconds < 1.5) return "about a second";
  if (seconds < 90) return `about ${Math.round(seconds)} seconds`;
  return `about ${Math.round(seconds / 60)} minutes`;
}

function asOption({ bits, seconds }: WorkCost, index: number): StrangerOption {
  return { value: `${bits}`, title: `Whose machine computes for ${aboutSeconds(seconds)}`, note: NOTES[index] ?? "" };
}
