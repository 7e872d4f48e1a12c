#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/fork.h"
#include "base/sync.h"

typedef struct log_sink {
  eager_log_fn log;
  void *user;
  eager_log_level level;
} log_sink;

static eager__mutex lock = EAGER__MUTEX_STATIC(EAGER__RANK_LEAF);
static log_sink sink = {NULL, NULL, EAGER_LOG_WARNING};

static log_sink get_sink(void) {
  if (eager__is_forked()) return sink; /* nobody sets it, and the lock may be held */
  eager__mutex_lock(&lock);
  log_sink copy = sink;
  eager__mutex_unlock(&lock);
  return copy;
}

void eager__log_configure(eager_log_fn log, void *user, eager_log_level level) {
  eager__mutex_lock(&lock);
  sink = (log_sink){log, user, level};
  eager__mutex_unlock(&lock);
}

static const char *level_name(eager_log_level level) {
  static const char *const names[] = {
      [EAGER_LOG_DEBUG] = "DEBUG",
      [EAGER_LOG_INFO] = "INFO",
      [EAGER_LOG_WARNING] = "WARNING",
      [EAGER_LOG_ERROR] = "ERROR",
  };
  return names[level];
}

static void write_line(log_sink to, eager_log_level level, const char *text) {
  if (to.log != NULL) {
    to.log(level, text, to.user);
  } else { /* one call: lines of two threads do not mix */
    (void)fprintf(stderr, "eagercl: %s: %s\n", level_name(level), text);
  }
}

static void format_line(log_sink to, eager_log_level level, const char *format,
                        va_list args) {
  char line[1024]; /* longer lines, such as build logs, go to the heap, else are cut */
  va_list again;
  va_copy(again, args);
  int size = vsnprintf(line, sizeof line, format, args);
  char *whole = NULL;
  if (size >= (int)sizeof line) whole = eager__alloc((size_t)size + 1);
  if (whole != NULL) vsnprintf(whole, (size_t)size + 1, format, again);
  va_end(again);
  if (size >= 0) write_line(to, level, whole != NULL ? whole : line);
  eager__free(whole);
}

void eager__log(eager_log_level level, const char *format, ...) {
  log_sink to = get_sink();
  if (to.log == NULL && level < to.level) return;
  va_list args;
  va_start(args, format);
  format_line(to, level, format, args);
  va_end(args);
}

void eager__log_always(const char *format, ...) {
  va_list args;
  va_start(args, format);
  format_line(get_sink(), EAGER_LOG_INFO, format, args);
  va_end(args);
}
