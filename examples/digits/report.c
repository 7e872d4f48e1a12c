#include "report.h"

#include "plan.h"
#include "try.h"

#include <inttypes.h>
#include <stdio.h>

static const char *policy_name(eager_device_policy policy) {
  static const char *const names[] = {"explicit", "warn", "silent", "silent_for_int32"};
  return policy >= 0 && policy <= EAGER_DEVICE_PLACEMENT_SILENT_FOR_INT32 ? names[policy]
                                                                          : "auto";
}

eager_status report_device(const eager_tensor *placed) {
  const eager_device_info *d;
  TRY(eager_device_find(eager_tensor_device(placed), &d));
  printf("device: %s, %s, %s, %" PRIu32 " compute units\n", d->short_name, d->device,
         d->platform, d->compute_units);
  printf("device policy: %s; execution mode: %s\n", policy_name(eager_get_device_policy()),
         eager_get_execution_mode() == EAGER_ASYNC ? "async" : "sync");
  return EAGER_OK;
}

void report_accuracy(const answers *a) {
  printf("test accuracy: %.1f %%\n", 100.0 * (double)a->correct / (double)a->count);
}

void report_confusion(const answers *a, const samples *test) {
  int64_t counts[CLASS_COUNT][CLASS_COUNT] = {{0}};
  for (int64_t i = 0; i < a->count; i++) {
    counts[test->labels[i]][a->classes[i]]++;
  }
  puts("\nconfusion matrix: a row is a digit, a column what it was taken for\n");
  printf("  ");
  for (int c = 0; c < CLASS_COUNT; c++) {
    printf("%5d", c);
  }
  putchar('\n');
  for (int r = 0; r < CLASS_COUNT; r++) {
    printf("%2d", r);
    for (int c = 0; c < CLASS_COUNT; c++) {
      counts[r][c] ? printf("%5" PRId64, counts[r][c]) : printf("%5s", ".");
    }
    putchar('\n');
  }
}

eager_status report_copies(void) {
  eager_copy_stats stats;
  TRY(eager_get_copy_stats(&stats));
  printf("\nimplicit copies between devices: %" PRIu64 ", %" PRIu64
         " bytes; reused %" PRIu64 " times; %" PRIu64 " warnings\n",
         stats.count, stats.bytes, stats.mirror_hits, stats.warnings);
  size_t record_count = eager_copy_record_count();
  for (size_t i = 0; i < record_count; i++) {
    eager_copy_record r;
    TRY(eager_copy_record_get(i, &r));
    printf("  %s input #%d, %s to %s: %" PRIu64 " copies, %" PRIu64 " bytes\n", r.op,
           r.input, r.from, r.to, r.count, r.bytes);
  }
  return EAGER_OK;
}
