/* What a driver does that its capability queries do not tell, by evidence. */
#include <string.h>

#include "cl/platform.h"

/* The row applies where all given texts match; NULL matches anything. */
typedef struct quirk {
  const char *platform;      /* somewhere in the platform's name */
  const char *device_prefix; /* how the device's name begins */
  const char *device;        /* somewhere in the device's name */
  bool is_simulator, sync_enqueue, single_threaded, no_disk_cache, slow_fma, dear_kernels;
  int64_t loop_limit;
  int max_local_size; /* 0: as the device says */
} quirk;

static const quirk quirks[] = {
    /* An interpreter that claims to be every type of device. Runs kernels inside clFlush
     * and waits. Two threads inside it corrupt its state. Nothing it builds is worth
     * keeping. */
    {
        .platform = "Oclgrind",
        .is_simulator = true,
        .sync_enqueue = true,
        .single_threaded = true,
        .no_disk_cache = true,
    },
    /* Caches work-group functions itself, finer than a program: reading its binaries makes
     * it compile one more generic version, and loading them bypasses its own cache. */
    {.platform = "Portable Computing Language", .no_disk_cache = true},
    /* The drivers without threads run the kernel inside clEnqueueNDRangeKernel. */
    {
        .platform = "Portable Computing Language",
        .device_prefix = "basic",
        .sync_enqueue = true,
    },
    {
        .platform = "Portable Computing Language",
        .device_prefix = "cpu-minimal",
        .sync_enqueue = true,
    },
    /* clCreateKernel compiles: 125 us, where others take less than one. */
    {.platform = "rusticl", .dear_kernels = true},
    /* The loops of a work-item stop after 65535 trips in all, nested ones included, without
     * a word. The device claims work-groups of 1024, and every kernel of 32. fma() is
     * emulated: a product of matrices takes three times as long with it. */
    {
        .platform = "rusticl",
        .device = "llvmpipe",
        .loop_limit = 65535,
        .max_local_size = 32,
        .slow_fma = true,
    },
};

static bool applies(const quirk *row, const eager__facts *facts) {
  if (strstr(facts->platform, row->platform) == NULL) return false;
  if (row->device_prefix != NULL &&
      strncmp(facts->device, row->device_prefix, strlen(row->device_prefix)) != 0)
    return false;
  return row->device == NULL || strstr(facts->device, row->device) != NULL;
}

void eager__traits_from_facts(const eager__facts *facts, eager__traits *out) {
  eager__traits traits = {.disk_cache = true};
  for (size_t i = 0; i < sizeof quirks / sizeof quirks[0]; i++) {
    const quirk *row = &quirks[i];
    if (!applies(row, facts)) continue;
    traits.is_simulator |= row->is_simulator;
    traits.sync_enqueue |= row->sync_enqueue;
    traits.single_threaded |= row->single_threaded;
    traits.disk_cache &= !row->no_disk_cache;
    traits.slow_fma |= row->slow_fma;
    traits.dear_kernels |= row->dear_kernels;
    if (row->loop_limit != 0) traits.loop_limit = row->loop_limit;
    if (row->max_local_size != 0) traits.max_local_size = row->max_local_size;
  }
  /* A driver that compiles for a CPU's vector unit and has no local memory of its own wants
   * contiguous blocks. llvmpipe is a CPU too, but runs lanes as a GPU does (native width 1)
   * and cannot loop over a large block. */
  traits.cpu_like = facts->local_memory_is_global && facts->native_float_width >= 4 &&
                    traits.loop_limit == 0;
  traits.vector_width = traits.cpu_like ? 16 : 4;
  /* AMD runs 256 unless a kernel asks for more; nobody gains from larger groups. */
  int most = facts->max_work_group_size < 256 ? (int)facts->max_work_group_size : 256;
  if (traits.max_local_size == 0 || traits.max_local_size > most)
    traits.max_local_size = most;
  traits.gemm_cached = 2560;
  traits.conv_work = 256;
  traits.conv_tiles = 32;
  traits.conv_filter_items = 64;
  /* Its kernels are made for GPUs; on CPUs ours are tens of times as fast. */
  traits.clblast = facts->is_gpu && !facts->local_memory_is_global && !traits.is_simulator;
  *out = traits;
}
