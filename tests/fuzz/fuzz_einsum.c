/* Einsum: two bytes choose two tensors, the rest is the equation. */
#include "base/shape.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_enable();
  fuzz_bytes bytes = {data, size};
  eager_tensor *inputs[] = {fuzz_tensor(&bytes), fuzz_tensor(&bytes)}, *out = NULL;
  const char *equation = fuzz_text(bytes.data, bytes.size);
  for (size_t count = 1; count <= 2; count++)
    if (fuzz_ok(eager_einsum(equation, inputs, count, &out))) {
      fuzz_require(eager_tensor_rank(out) <= EAGER__MAX_RANK, "a rank");
      eager_tensor_release(out);
    } else {
      fuzz_require(out == NULL, "no tensor of a failure");
    }
  return 0;
}
