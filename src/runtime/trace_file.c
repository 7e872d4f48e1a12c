/* The file of a trace, and who writes it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cl/traced.h"
#include "runtime/files.h"
#include "runtime/trace.h"
#include "runtime/trace_json.h"

static const char variable[] = "EAGERCL_TRACE";
static const char ending[] = "\n]\n";

enum {
  BUFFER = 256 * 1024,
  NAP_MIN = 100000000, /* ns between two looks at the rings, while there is something */
  NAP_MAX = 400000000,
};

static eager__mutex lock = EAGER__MUTEX_STATIC(EAGER__RANK_TRACE);

/* Guarded by the lock. */
static struct {
  char *path;
  int file;
  int code;      /* errno of the first write that failed; then everything is lost */
  bool is_whole; /* the ending stands behind what was written */
  bool any;      /* an event has been written */
  bool has_writer, stop;
  char *buffer;
  size_t used;
  uint64_t origin, events; /* events: in the buffer */
  pthread_t writer;
  eager__cond wake;
} out = {.file = -1};

/* --- Writing; the lock is held --- */

static bool write_all(const char *bytes, size_t size) {
  while (size) {
    ssize_t written = write(out.file, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      out.code = written < 0 ? errno : EIO;
      return false;
    }
    bytes += written;
    size -= (size_t)written;
  }
  return true;
}

static void write_buffer(void) {
  if (!out.used) return;
  if (out.is_whole) {
    off_t back = lseek(out.file, -(off_t)(sizeof ending - 1), SEEK_CUR);
    if (back < 0 && !out.code) out.code = errno;
    out.is_whole = false;
  }
  if (out.code || !write_all(out.buffer, out.used)) eager__trace_lose(out.events);
  out.used = 0;
  out.events = 0;
}

static void take(const eager__trace_record *record) {
  if (BUFFER - out.used < EAGER__TRACE_JSON_MAX) write_buffer();
  out.used += eager__trace_json(record, out.origin, !out.any, out.buffer + out.used);
  out.any = true;
  out.events++;
}

/* A file that can be sought in is ended each time and goes on before its end; a pipe is
 * ended once. */
static void end_file(bool last) {
  if (out.is_whole || out.code || (!last && lseek(out.file, 0, SEEK_CUR) < 0)) return;
  out.is_whole = write_all(ending, sizeof ending - 1);
}

/* True when there was something. */
static bool write_rings(bool last) {
  eager__trace_drain(take);
  bool any = out.used > 0;
  write_buffer();
  if (any || last) end_file(last);
  return any;
}

/* --- The writer --- */

static void *writer_main(void *unused) {
  (void)unused;
  uint64_t nap = NAP_MIN;
  eager__mutex_lock(&lock);
  while (!out.stop) {
    bool any = write_rings(false);
    nap = any ? NAP_MIN : nap < NAP_MAX ? nap * 2 : nap;
    if (!out.stop) eager__cond_wait_for(&out.wake, &lock, nap);
  }
  eager__mutex_unlock(&lock);
  return NULL;
}

/* What the hooks call. A hint that comes while the writer is at work is lost, which is what
 * the nap's end is for. */
static void drain(bool full) {
  if (!full) {
    eager__cond_broadcast(&out.wake);
    return;
  }
  eager__mutex_lock(&lock);
  eager__trace_drain(take);
  eager__mutex_unlock(&lock);
}

/* --- Opening --- */

/* The name with the process's number for each %p. */
static char *expand(const char *name) {
  eager__strbuf path = {0};
  for (const char *p = name; *p; p++) {
    if (p[0] == '%' && p[1] == 'p')
      eager__strbuf_format(&path, "%ld", (long)getpid()), p++;
    else
      eager__strbuf_add_bytes(&path, p, 1);
  }
  return eager__strbuf_take(&path);
}

static eager_status create(const char *name) {
  out.path = expand(name);
  out.buffer = eager__alloc(BUFFER);
  if (!out.path || !out.buffer) return eager__out_of_memory(BUFFER);
  out.file = open(out.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (out.file >= 0 && write_all("[\n", 2)) return EAGER_OK;
  eager_status status =
      eager__file_fail("write", out.path, out.file < 0 ? errno : out.code);
  eager__fail_append(" (in environment variable %s)", variable);
  return status;
}

static void destroy(void) {
  if (out.file >= 0) close(out.file);
  out.file = -1;
  out.code = 0;
  eager__free(out.path);
  eager__free(out.buffer);
  out.path = out.buffer = NULL;
}

eager_status eager__trace_open(const char *name) {
  if (!name) return EAGER_OK;
  eager_status status = create(name);
  if (status != EAGER_OK) {
    destroy();
    return status;
  }
  out.origin = eager__now();
  eager__cond_init(&out.wake);
  /* Without a writer full rings are emptied by their producers. */
  out.has_writer = pthread_create(&out.writer, NULL, writer_main, NULL) == 0;
  eager__trace_start(drain);
  return EAGER_OK;
}

void eager__trace_note_device(const eager__runtime *runtime, const eager__device *device) {
  if (!runtime->options.enable_profiling) return;
  if (!device->profiling)
    eager__log(EAGER_LOG_WARNING,
               "profiling has no effect on %s: its driver has no queues that profile",
               device->short_name);
  else if (eager__traced_is_blind(device))
    eager__log(EAGER_LOG_WARNING,
               "the trace has no device times of %s: its driver does not tell them",
               device->short_name);
}

/* --- Flushing and closing --- */

/* Lock held: what went wrong so far, recorded; EAGER_OK when nothing was lost. */
static eager_status judge(void) {
  uint64_t lost = eager__trace_lost();
  if (out.code) {
    eager_status status = eager__file_fail("write", out.path, out.code);
    eager__fail_append(" (in environment variable %s); %llu events of the trace are lost",
                       variable, (unsigned long long)lost);
    return status;
  }
  EAGER__REQUIRE(!lost, EAGER_RESOURCE_EXHAUSTED,
                 "%llu events of the trace are lost: host memory was short",
                 (unsigned long long)lost);
  return EAGER_OK;
}

eager_status eager__trace_write(void) {
  eager_status status = EAGER_OK;
  eager__mutex_lock(&lock);
  if (out.file >= 0) {
    write_rings(false);
    status = judge();
  }
  eager__mutex_unlock(&lock);
  return status;
}

eager_status eager_trace_flush(void) {
  eager__runtime *runtime;
  EAGER__TRY(eager__runtime_require_any(&runtime));
  return eager__trace_write();
}

static void stop_writer(void) {
  eager__mutex_lock(&lock);
  out.stop = true;
  eager__cond_broadcast(&out.wake);
  eager__mutex_unlock(&lock);
  if (out.has_writer) pthread_join(out.writer, NULL);
}

void eager__trace_close(eager__runtime *runtime) {
  if (out.file < 0) return;
  for (int i = 0; i < runtime->device_count; i++) eager__traced_close(runtime->devices[i]);
  stop_writer();
  eager__mutex_lock(&lock);
  write_rings(true);
  if (close(out.file) != 0 && !out.code) out.code = errno;
  out.file = -1;
  eager_status status = judge();
  eager__mutex_unlock(&lock);
  if (status != EAGER_OK) eager__log(EAGER_LOG_WARNING, "%s", eager_error_message());
  eager__clear_error();
  eager__trace_stop();
  destroy();
  eager__cond_destroy(&out.wake);
}
