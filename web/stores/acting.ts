/**
 * Whom this tab acts as: yourself (null), or one of your personas. Messaging calls say it by a header; everything
 * that is cached, typed or on its way belongs to one of them and is never shown to another (`act-as.ts`).
 */
import type { Persona } from "../../src/api/contract.ts";
import { type Store, createStore } from "./store.ts";

export type Acting = Pick<Persona, "id" | "label"> | null;

export const actingStore: Store<Acting> = createStore<Acting>(null);

/** The persona's id; null for yourself. */
export function actingId(): string | null {
  return actingStore.get()?.id ?? null;
}
