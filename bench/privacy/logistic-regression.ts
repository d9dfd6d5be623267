/** Logistic regression: the attacker's classifier. Features are standardised; L2 keeps the weights small. */

export interface Sample {
  readonly features: readonly number[];
  readonly positive: boolean;
}

/** The higher, the likelier positive; only the order of scores means something. */
export type Scorer = (features: readonly number[]) => number;

const ROUNDS = 300;
const STEP = 0.5;
const PENALTY = 1e-4;

interface Standard {
  readonly mean: number;
  readonly deviation: number;
}

/** Trains on `samples`, all with the same number of features, both kinds weighing the same however many there are. */
export function trainClassifier(samples: readonly Sample[]): Scorer {
  const width = samples[0]?.features.length ?? 0;
  const standards = Array.from({ length: width }, (_, i) => measure(samples.map(({ features }) => features[i] ?? 0)));
  const standardise = (features: readonly number[]): number[] =>
    standards.map(({ mean, deviation }, i) => ((features[i] ?? 0) - mean) / deviation);
  const weights = descend(
    samples.map(({ features, positive }) => ({ features: standardise(features), positive })),
    width,
  );
  return (features) => score(weights, standardise(features));
}

/** Weights of the features, the constant last. */
function descend(samples: readonly Sample[], width: number): number[] {
  const positives = samples.filter(({ positive }) => positive).length;
  const shares = { positive: 0.5 / positives, negative: 0.5 / (samples.length - positives) };
  const weights = new Array<number>(width + 1).fill(0);
  for (let round = 0; round < ROUNDS; round++) {
    const gradient = weights.map((weight, i) => (i < width ? PENALTY * weight : 0));
    for (const { features, positive } of samples) {
      const likelihood = 1 / (1 + Math.exp(-score(weights, features)));
      const error = (likelihood - (positive ? 1 : 0)) * (positive ? shares.positive : shares.negative);
      for (let i = 0; i < width; i++) gradient[i] = (gradient[i] ?? 0) + error * (features[i] ?? 0);
      gradient[width] = (gradient[width] ?? 0) + error;
    }
    for (let i = 0; i <= width; i++) weights[i] = (weights[i] ?? 0) - STEP * (gradient[i] ?? 0);
  }
  return weights;
}

function score(weights: readonly number[], features: readonly number[]): number {
  let sum = weights[features.length] ?? 0;
  for (let i = 0; i < features.length; i++) sum += (weights[i] ?? 0) * (features[i] ?? 0);
  return sum;
}

/** A feature that never changes says nothing, and is left at zero. */
function measure(values: readonly number[]): Standard {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) || 1 };
}
