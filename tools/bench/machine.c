/* What the figures were measured on. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "peers.h"
#include "records.h"

static void read_processor(char *text, size_t size) {
  char line[256];
  FILE *file = fopen("/proc/cpuinfo", "r");
  snprintf(text, size, "unknown processor");
  while (file && fgets(line, sizeof line, file)) {
    char *colon = strchr(line, ':');
    if (strncmp(line, "model name", 10) != 0 || !colon) continue;
    line[strcspn(line, "\n")] = 0;
    snprintf(text, size, "%s", colon + 2);
    break;
  }
  if (file) fclose(file);
}

void bench_describe_machine(const char *device, bench_machine *out) {
  const eager_device_info *info;
  read_processor(out->processor, sizeof out->processor);
  out->threads = (int)sysconf(_SC_NPROCESSORS_ONLN);
  if (eager_device_find(device, &info) == EAGER_OK) {
    snprintf(out->device, sizeof out->device, "%s %s", info->short_name, info->device);
    snprintf(out->driver, sizeof out->driver, "%s, driver %s", info->platform,
             info->driver_version);
  }
  time_t now = time(NULL);
  struct tm day;
  if (gmtime_r(&now, &day)) strftime(out->date, sizeof out->date, "%Y-%m-%d", &day);
  snprintf(out->compiler, sizeof out->compiler, "eagercl %s, compiler %s", eager_version(),
           __VERSION__);
  bench_peers(out->peers, sizeof out->peers);
}
