/* Variables of the environment: each reader on the same text, and tunings. */
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "cl/tuning.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char name[] = "EAGERCL_FUZZED";
  static const char *const choices[] = {"explicit", "warn", "silent", NULL};
  const char *text = fuzz_text(data, size), *path = NULL;
  fuzz_require(setenv(name, text, 1) == 0, "a variable can be set");
  int choice = -7;
  bool yes = false;
  size_t bytes = 11;
  if (!fuzz_ok(eager__env_choice(name, choices, &choice)))
    fuzz_require(choice == -7, "a failure leaves what was there");
  else
    fuzz_require(choice == -7 || (choice >= 0 && choice < 3), "one of the choices");
  if (!fuzz_ok(eager__env_size(name, &bytes)))
    fuzz_require(bytes == 11, "a failure leaves what was there");
  fuzz_require(bytes > 0, "sizes are positive");
  fuzz_ok(eager__env_bool(name, &yes));
  if (fuzz_ok(eager__env_file(name, &path)) && path)
    fuzz_require(strcmp(path, text) == 0, "a file's name is the text");
  eager__physical device = {.traits = {.max_local_size = 256, .cpu_like = true}};
  if (fuzz_ok(eager__tuning_check("a tuning", text)))
    eager__tuning_apply(&device, text, &device.traits);
  return 0;
}
