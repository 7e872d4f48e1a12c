/* Device names: what is taken is what its own names say. */
#include "cl/select.h"
#include "fuzz.h"

static bool is_same(const char *text, eager__device_name name) {
  eager__device_name again;
  return eager__parse_device_name(text, &again) == EAGER_OK && again.type == name.type &&
         again.index == name.index;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  eager__device_name name;
  if (!fuzz_ok(eager__parse_device_name(fuzz_text(data, size), &name))) return 0;
  char shorter[EAGER__SHORT_NAME], full[EAGER__FULL_NAME];
  eager__format_short_name(name, shorter);
  eager__format_full_name(name, full);
  fuzz_require(name.index >= 0, "an index is not negative");
  fuzz_require(is_same(shorter, name) && is_same(full, name), "a name reads as itself");
  return 0;
}
