/**
 * Real or cover, by everything: a classifier that knows of each cell its socket, relay, time, gaps, counts, every field
 * and byte of its event, the relay's late answers, the same person's stream to the other relay, and what the crowd does
 * around it. The cells are those of the product's code, for two relays that compare notes.
 */

import { type Bench, type Row, row } from "../report.ts";
import { tellCells, type View } from "./cell-classifier.ts";
import { type CellSender, type CellStreamOptions, watchCells } from "./cell-world.ts";

const CHANCE = 0.02;
const CAUGHT = 0.05;

const NAMES: Readonly<Record<CellSender, string>> = {
  law: "the law",
  naive: "control: naive, real cells at once beside dummies",
  unsealed: "control: real cells padded but not sealed",
  keyless: "control: dummies with random bytes for a key",
};

const VIEWS: Readonly<Record<View, string>> = {
  all: "by everything that both relays know",
  joint: "by the stream to the other relay alone",
};

export const cellsExperiment: Bench = {
  name: "cells",
  about: "real or cover, by all features of each cell at two relays that compare notes",
  async run({ quick }) {
    const balanced = { profile: "balanced", people: 12, hours: quick ? 1.2 : 4 } as const;
    const stealth = { profile: "stealth", people: 12, hours: quick ? 4 : 12 } as const;
    const control = { ...balanced, hours: quick ? 0.4 : 1.2 } as const;
    return [
      ...(await attack({ ...balanced, sender: "law" }, ["all", "joint"])),
      ...(await attack({ ...stealth, sender: "law" }, ["all", "joint"])),
      ...(await attack({ ...control, sender: "naive" }, ["all", "joint"])),
      ...(await attack({ ...control, sender: "unsealed" }, ["all"])),
      ...(await attack({ ...control, sender: "keyless" }, ["all"])),
    ];
  },
};

async function attack(options: CellStreamOptions, views: readonly View[]): Promise<Row[]> {
  const known = await watchCells({ ...options, hours: options.hours / 2 });
  const cells = await watchCells(options);
  return views.map((view) => {
    const { auc, real, cover } = tellCells(known, cells, view);
    // Of a classifier that guesses (Hanley and McNeil 1982).
    const error = Math.sqrt((1 / real + 1 / cover) / 12);
    const who = `${options.profile}, ${NAMES[options.sender]}`;
    const tried = `${real} real and ${cover} cover cells of people it did not learn from`;
    const control = options.sender !== "law";
    return row({
      metric: `${who}, ${VIEWS[view]}: ${tried}: AUC ${auc.toFixed(3)}, standard error ${error.toFixed(4)}; distance from 0.5`,
      unit: "",
      ours: Math.max(Math.abs(auc - 0.5), 1e-6),
      peer: null,
      theirs: control ? CAUGHT : CHANCE,
      goal: 1,
      better: control ? "higher" : "lower",
    });
  });
}
