/* .npz files: every member of whatever opens. */
#include <string.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_enable();
  eager_npz *npz = NULL;
  if (!fuzz_ok(eager_npz_load(fuzz_file(data, size), &npz))) {
    fuzz_require(npz == NULL, "no file of a failure");
    return 0;
  }
  size_t count = eager_npz_count(npz);
  fuzz_require(count <= size, "no more members than bytes");
  fuzz_require(*eager_npz_name(npz, count) == 0, "a name beyond the count is empty");
  for (size_t i = 0; i < count && i < 16; i++) {
    eager_tensor *t = NULL;
    if (fuzz_ok(eager_npz_get(npz, eager_npz_name(npz, i), &t)))
      eager_tensor_release(t);
    else
      fuzz_require(t == NULL, "no tensor of a failure");
  }
  eager_npz_release(npz);
  return 0;
}
