/* Writes the text of every program the library can build, FAMILY_DTYPE_KIND.cl, into a
 * folder: what tools/check_kernels.cmake compiles offline. */
#include <stdio.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "dump_kernels.h"
#include "ops/families.h"

static const device_kind kinds[] = {
    {"cpu", {.cpu_like = true, .vector_width = 16, .max_local_size = 256}, true},
    {"gpu", {.vector_width = 4, .max_local_size = 256}, true},
    {"small",
     {.vector_width = 4, .max_local_size = 1, .loop_limit = 65535, .slow_fma = true},
     false},
};

int dump(const char *folder, const device_kind *k, const eager__family *family,
         eager_dtype dtype) {
  char path[1024];
  char *text;
  if (eager__program_source(&k->traits, k->has_float64, family, dtype, &text) != EAGER_OK) {
    fprintf(stderr, "dump_kernels: %s\n", eager_error_message());
    return 1;
  }
  snprintf(path, sizeof path, "%s/%s_%s_%s.cl", folder, family->name,
           eager_dtype_name(dtype), k->name);
  FILE *file = fopen(path, "w");
  bool written = file && fputs(text, file) >= 0;
  if (file && fclose(file) != 0) written = false;
  eager__free(text);
  if (!written) fprintf(stderr, "dump_kernels: cannot write %s\n", path);
  return written ? 0 : 1;
}

/* Of devices unlike a CPU only what reads and writes differs: one dtype each is enough. */
static int dump_fused_of(const char *folder, int dtype) {
  int other = dtype == EAGER_FLOAT16 ? 1 : dtype == EAGER_FLOAT32 ? 2 : 0;
  int failures = dump_fused(folder, &kinds[0], (eager_dtype)dtype);
  return other ? failures + dump_fused(folder, &kinds[other], (eager_dtype)dtype)
               : failures;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: dump_kernels FOLDER\n");
    return 2;
  }
  int failures = 0;
  for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
    for (int f = 0; f < eager__family_count; f++)
      for (int d = 1; d < EAGER__DTYPE_END; d++) {
        /* Moves go by size, so float64 without its arithmetic is never asked for. */
        bool legal = d != EAGER_FLOAT64 || kinds[k].has_float64;
        if (legal && eager__families[f].dtypes & EAGER__BIT(d))
          failures += dump(argv[1], &kinds[k], eager__families[f].family, (eager_dtype)d);
      }
  for (int d = 1; d < EAGER__DTYPE_END; d++)
    if (eager__dtype_is_valid((eager_dtype)d)) failures += dump_fused_of(argv[1], d);
  return failures != 0;
}
