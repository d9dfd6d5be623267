/** Work on many things, some of them at a time, so that neither memory nor connections grow with how many there are. */

/**
 * What `work` gives for each item, in their order; at most `most` at a time, begun in order. Throws what the first that
 * fails throws, when all that had begun have ended.
 */
export async function abreast<T, R>(items: readonly T[], most: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let failure: { readonly error: unknown } | null = null;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failure) {
      const at = next++;
      try {
        results[at] = await work(items[at] as T);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  if (failure) throw (failure as { readonly error: unknown }).error;
  return results;
}
