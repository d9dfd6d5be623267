/**
 * The statistics of the privacy experiments: how far two samples are apart, how well an attacker tells two kinds
 * apart, and what chance alone does. No library of the registry has the p-value of a chi-square and types.
 */

/** Chi-square of counts against what was expected, and how often chance alone gives as much or more. */
export interface ChiSquare {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  readonly pValue: number;
}

/** Largest difference between the empirical distributions of two samples, 0 to 1 (Kolmogorov-Smirnov). */
export function ksDistance(first: readonly number[], second: readonly number[]): number {
  const a = first.toSorted((x, y) => x - y);
  const b = second.toSorted((x, y) => x - y);
  let distance = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const value = Math.min(a[i] as number, b[j] as number);
    while (i < a.length && (a[i] as number) <= value) i++;
    while (j < b.length && (b[j] as number) <= value) j++;
    distance = Math.max(distance, Math.abs(i / a.length - j / b.length));
  }
  return distance;
}

/**
 * Probability that a positive scores higher than a negative, ties counting half (Mann-Whitney): 0.5 is guessing,
 * 1 is certainty. NaN if either is empty.
 */
export function areaUnderCurve(positives: readonly number[], negatives: readonly number[]): number {
  const scored = [
    ...positives.map((score) => ({ score, positive: true })),
    ...negatives.map((score) => ({ score, positive: false })),
  ].sort((a, b) => a.score - b.score);
  let rankSum = 0;
  for (let start = 0; start < scored.length; ) {
    let end = start;
    let tied = 0;
    for (; end < scored.length && scored[end]?.score === scored[start]?.score; end++) if (scored[end]?.positive) tied++;
    rankSum += tied * ((start + 1 + end) / 2);
    start = end;
  }
  const wins = rankSum - (positives.length * (positives.length + 1)) / 2;
  return wins / (positives.length * negatives.length);
}

/** Pearson's test of `counts` against `expected`, which must have the same sum and no zero. */
export function chiSquareTest(counts: readonly number[], expected: readonly number[]): ChiSquare {
  const statistic = counts.reduce((sum, count, i) => sum + (count - (expected[i] ?? 0)) ** 2 / (expected[i] ?? 0), 0);
  const degreesOfFreedom = counts.length - 1;
  return { statistic, degreesOfFreedom, pValue: upperGamma(degreesOfFreedom / 2, statistic / 2) };
}

/** How far `counts` are from even: chi-square in standard deviations, for hundreds of degrees of freedom. Above 4 is not even. */
export function chiSquareScore(counts: readonly number[]): number {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const { statistic, degreesOfFreedom } = chiSquareTest(counts, new Array<number>(counts.length).fill(mean));
  return (statistic - degreesOfFreedom) / Math.sqrt(2 * degreesOfFreedom);
}

/** The 95 % confidence interval of a share of which `successes` of `trials` were seen (Wilson). */
export function binomialInterval(successes: number, trials: number): { readonly low: number; readonly high: number } {
  const z = 1.959964;
  const share = successes / trials;
  const scale = 1 + z ** 2 / trials;
  const middle = share + z ** 2 / (2 * trials);
  const spread = z * Math.sqrt((share * (1 - share)) / trials + z ** 2 / (4 * trials ** 2));
  return { low: (middle - spread) / scale, high: (middle + spread) / scale };
}

/**
 * A share and its 95 % confidence interval where successes of one cluster go together (linearised variance of a ratio;
 * Cochran 1977, 9.2).
 */
export function clusteredInterval(trials: readonly { readonly cluster: number; readonly success: boolean }[]): {
  readonly share: number;
  readonly low: number;
  readonly high: number;
} {
  const share = trials.filter(({ success }) => success).length / trials.length;
  const rests = new Map<number, number>();
  for (const { cluster, success } of trials) rests.set(cluster, (rests.get(cluster) ?? 0) + Number(success) - share);
  const sum = [...rests.values()].reduce((total, rest) => total + rest ** 2, 0);
  const spread = (1.959964 * Math.sqrt((sum * rests.size) / (rests.size - 1))) / trials.length;
  return { share, low: Math.max(0, share - spread), high: Math.min(1, share + spread) };
}

const SERIES_TERMS = 10_000;
const PRECISION = 1e-15;

/** The regularised upper incomplete gamma function Q(a, x) (Abramowitz and Stegun 6.5.29, 6.5.31). */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? 1 - scale * lowerSeries(a, x) : scale * upperFraction(a, x);
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < SERIES_TERMS && term > sum * PRECISION; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

/** The continued fraction, by Lentz's method. */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / Number.MIN_VALUE ** 0.5;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < SERIES_TERMS; n++) {
    const factor = n * (a - n);
    b += 2;
    d = 1 / (factor * d + b);
    c = b + factor / c;
    fraction *= c * d;
    if (Math.abs(c * d - 1) < PRECISION) break;
  }
  return fraction;
}

/** ln Gamma(x), x > 0: raised to where Stirling's series is exact to 1e-12. */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 10; z++) shift += Math.log(z);
  const series = 1 / (12 * z) - 1 / (360 * z ** 3) + 1 / (1_260 * z ** 5) - 1 / (1_680 * z ** 7);
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - shift;
}
