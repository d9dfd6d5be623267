/*
 * `isal-encode K M FRAGMENT_BYTES SECONDS`: encodes with ISA-L's SSE path, over and over, and prints megabytes of data
 * (10^6 bytes) for each second of processor time.
 *
 *   cc -O2 isal-encode.c -o isal-encode -lisal
 */
#include <isa-l/erasure_code.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int k = atoi(argv[1]), m = atoi(argv[2]), size = atoi(argv[3]);
  double seconds = atof(argv[4]);
  unsigned char *matrix = malloc((k + m) * k), *tables = malloc(32 * k * m);
  unsigned char **fragments = malloc((k + m) * sizeof *fragments);
  if (!matrix || !tables || !fragments) return 1;
  for (int i = 0; i < k + m; i++) {
    if (posix_memalign((void **)&fragments[i], 64, size)) return 1;
    for (int j = 0; j < size; j++) fragments[i][j] = rand();
  }
  gf_gen_cauchy1_matrix(matrix, k + m, k);
  ec_init_tables(k, m, matrix + k * k, tables);
  ec_encode_data_sse(size, k, m, tables, fragments, fragments + k);
  clock_t start = clock();
  double rounds = 0, took = 0;
  for (; took < seconds; took = (double)(clock() - start) / CLOCKS_PER_SEC, rounds++)
    ec_encode_data_sse(size, k, m, tables, fragments, fragments + k);
  printf("%.1f\n", rounds * k * size / 1e6 / took);
  return 0;
}
