#include "live.h"

#include <unistd.h>

enum { BAR = 20, LINE_SECONDS = 20 };

static int lines_drawn;
static double last_drawn = -1e9;

static void clear(void) {
  if (lines_drawn > 0) printf("\033[%dA\033[J", lines_drawn);
  lines_drawn = 0;
}

void live_say(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  clear();
  vprintf(format, arguments);
  printf("\n");
  fflush(stdout);
  va_end(arguments);
}

static void count_results(int device, int *counts) {
  for (int i = 0; i < result_count; i++)
    if (results[i].device == device) counts[results[i].status]++;
}

static const char *clock_text(double seconds, char *text, size_t size) {
  int whole = seconds < 0 ? 0 : (int)(seconds + 0.5);
  if (whole >= 3600)
    snprintf(text, size, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  else
    snprintf(text, size, "%d:%02d", whole / 60, whole % 60);
  return text;
}

static void draw_device(const progress *p) {
  int counts[STATUSES] = {0};
  char bar[BAR + 1], now[64] = "";
  double share = p->all > 0 ? p->done / p->all : 1;
  count_results(p->number, counts);
  for (int i = 0; i < BAR; i++) bar[i] = i < (int)(share * BAR + 0.001) ? '#' : '.';
  bar[BAR] = '\0';
  if (p->group != NULL)
    snprintf(now, sizeof now, "%s %s", p->group, p->test ? p->test : "");
  printf("%-7s %-22.22s %s %3d%% %6d %5d %5d %5d %5d  %.40s\n", p->device->name,
         p->device->device, bar, (int)(share * 100), counts[PASS], counts[FAIL],
         counts[SKIP], counts[CRASH], counts[HANG], now);
}

void live_draw(const progress *devices, int count, double seconds, bool last) {
  bool table = isatty(STDOUT_FILENO) && !the_options->plain;
  if (!last && seconds - last_drawn < (table ? 0.2 : LINE_SECONDS)) return;
  last_drawn = seconds;
  double done = 0, all = 0;
  char passed[32], left[32];
  for (int i = 0; i < count; i++) done += devices[i].done, all += devices[i].all;
  clock_text(seconds, passed, sizeof passed);
  clock_text(done > 0 ? seconds / done * (all - done) : 0, left, sizeof left);
  if (!table && !last) {
    printf("%s: %.0f%%, about %s left\n", passed, all > 0 ? 100 * done / all : 100, left);
    fflush(stdout);
    return;
  }
  clear();
  printf("\n%-7s %-22s %-*s %4s %6s %5s %5s %5s %5s\n", "device", "", BAR, "", "", "pass",
         "fail", "skip", "crash", "hang");
  for (int i = 0; i < count; i++) draw_device(&devices[i]);
  printf("%s%s%s\n", passed, last ? "" : ", about ", last ? "" : left);
  fflush(stdout);
  lines_drawn = last ? 0 : count + 3;
}
