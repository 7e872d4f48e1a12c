/* The table on the terminal, a line as soon as its row is measured. */
#include "records.h"

#include <stdio.h>
#include <string.h>

static void format_time(double seconds, char *text, size_t size) {
  if (seconds <= 0)
    snprintf(text, size, "-");
  else if (seconds < 1e-6)
    snprintf(text, size, "%.1f ns", seconds * 1e9);
  else if (seconds < 1e-3)
    snprintf(text, size, "%.2f us", seconds * 1e6);
  else if (seconds < 1)
    snprintf(text, size, "%.2f ms", seconds * 1e3);
  else
    snprintf(text, size, "%.2f s", seconds);
}

/* "41.2 GB/s 96%" or "410 GFLOP/s 93%". */
static void format_rate(const bench_records *all, const bench_record *record, char *text,
                        size_t size) {
  double share = bench_share(all, record);
  text[0] = 0;
  if (record->flops > 0)
    snprintf(text, size, "%.1f GFLOP/s", record->flops / record->ours.median * 1e-9);
  else if (record->bytes > 0)
    snprintf(text, size, "%.1f GB/s", record->bytes / record->ours.median * 1e-9);
  size_t used = strlen(text);
  if (used && share > 0) snprintf(text + used, size - used, " %3.0f%%", share * 100);
}

void bench_print_heading(const bench_records *all) {
  const bench_machine *machine = &all->machine;
  const bench_limits *limits = &all->limits;
  printf("%s, %d threads; %s; %s\n", machine->processor, machine->threads, machine->device,
         machine->driver);
  printf("%s; %s; %s\n", machine->date, machine->compiler, machine->peers);
  printf(
      "device limits: %.1f GB/s from memory, %.1f GB/s from cache, %.0f GFLOP/s, a launch "
      "%.2f us\n",
      limits->bytes_per_second * 1e-9, limits->cached_bytes_per_second * 1e-9,
      limits->flops_per_second * 1e-9, limits->launch_seconds * 1e6);
  printf("%-13s %-42s %10s %10s  %-21s %5s %-20s  %s\n", "area", "row", "ours", "other",
         "ratio (least-most)", "goal", "rate, of the limit", "other side");
}

void bench_print_record(const bench_records *all, const bench_record *record) {
  char ours[32], other[32], ratio[48] = "", goal[16] = "", rate[48];
  if (record->unit[0]) {
    if (record->goal > 0) snprintf(goal, sizeof goal, "%g", record->goal);
    printf("%-13s %-42s %10.4g %-33s %5s  %s\n", record->area, record->name, record->value,
           record->unit, goal, record->note);
    fflush(stdout);
    return;
  }
  format_time(record->ours.median, ours, sizeof ours);
  format_time(record->other.median, other, sizeof other);
  format_rate(all, record, rate, sizeof rate);
  if (record->other.median > 0)
    snprintf(ratio, sizeof ratio, "%5.2f (%.2f-%.2f)", record->ratio.median,
             record->ratio.least, record->ratio.most);
  if (record->goal > 0)
    snprintf(goal, sizeof goal, "%.2f%s", record->goal,
             record->ratio.median >= record->goal ? "" : "<");
  printf("%-13s %-42s %10s %10s  %-21s %5s %-20s  %s%s%s\n", record->area, record->name,
         ours, other, ratio, goal, rate, record->reference, record->note[0] ? "; " : "",
         record->note);
  fflush(stdout);
}
