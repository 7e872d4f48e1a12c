/* Lists of visible devices, against a machine with likenesses of everything. */
#include "cl/machines.h"
#include "cl/select.h"
#include "fuzz.h"

static const made_up rows[] = {{"Portable", "pthread-skylake", CPU, -1, -1},
                               {"Portable", "basic-skylake", CPU, -1, 7},
                               {"NVIDIA CUDA", "H200", GPU, 5, 9},
                               {"NVIDIA CUDA", "H200", GPU, 6, 10},
                               {"AMD", "gfx1100", GPU, 7, 11},
                               {"FPGA", "board", ACCELERATOR, 8, 12},
                               {0}};

static eager__machine *machine(void) {
  static eager__physical devices[MADE_UP_MAX];
  static eager__machine made;
  if (made.device_count > 0) return &made;
  made.devices = devices;
  made.device_count = make_devices(rows, NULL, devices);
  fuzz_require(eager__name_devices(devices, made.device_count, &made.listed_count) ==
                   EAGER_OK,
               "devices have names");
  return &made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *list = fuzz_text(data, size);
  bool well_formed = fuzz_ok(eager__check_device_list(list));
  eager__selected *selected = NULL;
  int count = -1;
  if (!fuzz_ok(eager__select_devices(machine(), list, &selected, &count))) return 0;
  fuzz_require(well_formed || !*list, "what is selected was well formed");
  fuzz_require(count >= 0 && count <= machine()->device_count, "no device twice");
  for (int i = 0; i < count; i++)
    fuzz_require(selected[i].physical != NULL, "a device behind every name");
  eager__free(selected);
  return 0;
}
