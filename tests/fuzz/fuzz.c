#define _GNU_SOURCE
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void fuzz_require(bool fine, const char *what) {
  if (fine) return;
  fprintf(stderr, "not kept: %s\n", what);
  abort();
}

bool fuzz_ok(eager_status status) {
  if (status == EAGER_OK) return true;
  fuzz_require(*eager_error_message() != 0, "a failure has a text");
  return false;
}

const char *fuzz_text(const uint8_t *data, size_t size) {
  static char *text;
  free(text);
  text = malloc(size + 1);
  fuzz_require(text != NULL, "memory");
  if (size > 0) memcpy(text, data, size);
  text[size] = 0;
  return text;
}

const char *fuzz_file(const uint8_t *data, size_t size) {
  static char path[64];
  static int file = -1;
  if (file < 0) file = memfd_create("fuzz", MFD_CLOEXEC);
  bool fine =
      file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size;
  fuzz_require(fine, "a file in memory");
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  return path;
}

void fuzz_enable(void) {
  static bool enabled;
  if (enabled) return;
  eager_config config = {.memory_limit = (size_t)64 << 20};
  eager_status status =
      eager_enable_execution(&config, EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
  if (status != EAGER_OK) fprintf(stderr, "%s\n", eager_error_message());
  fuzz_require(status == EAGER_OK, "execution can be enabled");
  enabled = true;
}

uint8_t fuzz_byte(fuzz_bytes *from) {
  if (from->size == 0) return 0;
  from->size--;
  return *from->data++;
}

int64_t fuzz_int(fuzz_bytes *from) {
  static const int64_t edges[] = {INT64_MIN,
                                  INT64_MAX,
                                  INT32_MIN,
                                  INT32_MAX,
                                  (int64_t)1 << 32,
                                  (int64_t)1 << 40,
                                  -9,
                                  100,
                                  4097,
                                  (int64_t)1 << 62,
                                  65536,
                                  -65536};
  uint8_t byte = fuzz_byte(from);
  if (byte < 236) return byte % 12 - 3;
  return edges[(byte - 236) % (int)(sizeof edges / sizeof *edges)];
}

enum { SHAPES = 8, DTYPES = 13 };

static eager_tensor *make_tensor(int shape, int dtype) {
  static const int64_t dims[SHAPES][4] = {{0},       {3},    {2, 3},       {3, 2},
                                          {2, 3, 4}, {0, 3}, {1, 4, 4, 2}, {1}};
  static const int ranks[SHAPES] = {0, 1, 2, 2, 3, 2, 4, 1};
  static const eager_dtype dtypes[DTYPES] = {
      EAGER_FLOAT32, EAGER_INT32,  EAGER_INT64,   EAGER_BOOL,   EAGER_FLOAT64,
      EAGER_FLOAT16, EAGER_UINT8,  EAGER_INT8,    EAGER_UINT16, EAGER_INT16,
      EAGER_UINT32,  EAGER_UINT64, EAGER_BFLOAT16};
  uint8_t bytes[32 * 8];
  bool small = dtypes[dtype] != EAGER_FLOAT32 && dtypes[dtype] != EAGER_FLOAT64;
  memset(bytes, 0, sizeof bytes);
  size_t size = eager_dtype_size(dtypes[dtype]);
  for (size_t i = 0; i < 32; i++)
    if (small)
      bytes[i * size] = (uint8_t)(dtypes[dtype] == EAGER_BOOL ? i % 2 : i % 4);
    else if (size == 4)
      memcpy(bytes + i * 4, &(float){(float)i / 4 - 1}, 4);
    else
      memcpy(bytes + i * 8, &(double){(double)i / 4 - 1}, 8);
  eager_tensor *made = NULL;
  eager_status status =
      eager_tensor_from_host(dtypes[dtype], ranks[shape], dims[shape], bytes, &made);
  fuzz_require(status == EAGER_OK, "a small tensor can be made");
  return made;
}

eager_tensor *fuzz_tensor(fuzz_bytes *from) {
  static eager_tensor *tensors[SHAPES][DTYPES];
  uint8_t byte = fuzz_byte(from);
  int shape = byte % SHAPES, dtype = byte / SHAPES % (2 * DTYPES) - DTYPES;
  if (dtype < 0) dtype = 0; /* most ops take float32 */
  if (!tensors[shape][dtype]) tensors[shape][dtype] = make_tensor(shape, dtype);
  return tensors[shape][dtype];
}
