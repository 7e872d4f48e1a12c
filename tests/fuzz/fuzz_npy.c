/* .npy files: headers on host memory, then whole files through the public door. */
#include <stdlib.h>

#include "fuzz.h"
#include "tensor/npy.h"

static void read_header(const uint8_t *data, size_t size) {
  eager__npy_header header;
  if (!fuzz_ok(eager__npy_read_header(data, size, &header))) return;
  fuzz_require(header.data_offset <= size, "the elements begin within the bytes read");
  fuzz_require(header.shape.rank >= 0 && header.shape.rank <= EAGER__MAX_RANK, "a rank");
  for (int i = 0; i < header.shape.rank; i++)
    fuzz_require(header.shape.dims[i] >= 0, "a dimension is not negative");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_enable();
  read_header(data, size);
  const char *path = fuzz_file(data, size);
  eager_tensor *t = NULL;
  if (!fuzz_ok(eager_npy_load(path, &t))) {
    fuzz_require(t == NULL, "no tensor of a failure");
    return 0;
  }
  size_t bytes = eager_tensor_byte_size(t);
  fuzz_require(bytes <= size, "no more elements than the file has");
  void *copy = malloc(bytes + 1);
  fuzz_require(eager_tensor_to_host(t, copy, bytes) == EAGER_OK, "it can be read");
  free(copy);
  eager_tensor_release(t);
  return 0;
}
