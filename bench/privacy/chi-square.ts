/** Pearson's chi-square against the uniform law, as a number of standard deviations. */

/**
 * How far `counts` lie from uniform: (chi2 - degrees) / sqrt(2 degrees), about a standard normal for hundreds of
 * degrees of freedom. Above 4 is not uniform.
 */
export function chiSquareScore(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  const degrees = counts.length - 1;
  return (statistic - degrees) / Math.sqrt(2 * degrees);
}
