/** A game of guessing persons: how often the attacker is right, against the best that guessing without looking can do. */

import { type Sample, trainClassifier } from "./logistic-regression.ts";
import { clusteredInterval } from "./statistics.ts";

export interface Question {
  /** Whose cells are learnt from together: answers of one person's are not independent. */
  readonly asked: number;
  readonly answer: number;
  /** What speaks for each person; empty for who is no candidate. */
  readonly evidence: () => readonly (readonly number[])[];
}

export interface Score {
  readonly questions: number;
  /** Shares from 0 to 1. */
  readonly right: number;
  readonly blind: number;
  /** 95 % confidence interval of `right`. */
  readonly low: number;
  readonly high: number;
}

/** Questions to learn from, of each half; wrong candidates beside the right one. */
const LEARNT = 1_500;
const WRONG = 15;

/**
 * Half of the people's questions are answered with what those of the other half taught, and the other way round. Blind:
 * naming any candidate, or always whoever was the answer most often in the half that was learnt from.
 */
export function play(questions: readonly Question[], people: number): Score {
  const outcomes: { readonly cluster: number; readonly right: boolean; readonly blind: boolean }[] = [];
  for (const half of [0, 1]) {
    const known = questions.filter(({ asked }) => asked % 2 !== half);
    const scorer = trainClassifier(thin(known).flatMap(samplesOf));
    const constant = mostFrequent(known, people);
    for (const { asked, answer, evidence } of questions) {
      if (asked % 2 !== half) continue;
      const scores = evidence().map((features) => (features.length === 0 ? -Infinity : scorer(features)));
      outcomes.push({ cluster: asked, right: bestOf(scores) === answer, blind: constant === answer });
    }
  }
  const right = clusteredInterval(outcomes.map((one) => ({ cluster: one.cluster, success: one.right })));
  const named = outcomes.filter(({ blind }) => blind).length / outcomes.length;
  return { questions: outcomes.length, blind: Math.max(named, 1 / (people - 1)), right: right.share, ...right };
}

function thin(questions: readonly Question[]): Question[] {
  const every = Math.max(1, Math.floor(questions.length / LEARNT));
  return questions.filter((_, i) => i % every === 0);
}

function samplesOf({ answer, evidence }: Question): Sample[] {
  const found = evidence();
  const wrong = found.flatMap((features, person) => (person === answer || features.length === 0 ? [] : [features]));
  const step = Math.max(1, Math.floor(wrong.length / WRONG));
  const from = Math.floor(Math.random() * step);
  return [
    { features: found[answer] ?? [], positive: true },
    ...wrong.filter((_, i) => i % step === from).map((features) => ({ features, positive: false })),
  ];
}

function mostFrequent(questions: readonly Question[], people: number): number {
  const counts = new Array<number>(people).fill(0);
  for (const { answer } of questions) counts[answer] = (counts[answer] ?? 0) + 1;
  return bestOf(counts);
}

/** Of equals one by chance. */
function bestOf(scores: readonly number[]): number {
  const best = Math.max(...scores);
  const equals = scores.flatMap((score, i) => (score === best ? [i] : []));
  return equals[Math.floor(Math.random() * equals.length)] ?? 0;
}
