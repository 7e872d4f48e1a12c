#include "runtime/trace_json.h"

#include <string.h>

#include "eagercl/dtype.h"
#include "eagercl/status.h"

/* Formatting a number with printf takes longer than an op: everything is put by hand. */

enum { NAME_MAX_SIZE = 200, HOST = 1 };

static char *put(char *p, const char *text) {
  size_t size = strlen(text);
  memcpy(p, text, size);
  return p + size;
}

static inline char *put_digits(char *p, uint64_t value, unsigned base) {
  char digits[20];
  int count = 0;
  do digits[count++] = "0123456789abcdef"[value % base];
  while (value /= base);
  while (count) *p++ = digits[--count];
  return p;
}

static char *put_number(char *p, uint64_t value) {
  return put_digits(p, value, 10);
}

/* Nanoseconds as microseconds with three decimals. */
static char *put_time(char *p, uint64_t nanoseconds) {
  p = put_number(p, nanoseconds / 1000);
  unsigned rest = (unsigned)(nanoseconds % 1000);
  *p++ = '.';
  *p++ = (char)('0' + rest / 100);
  *p++ = (char)('0' + rest / 10 % 10);
  *p++ = (char)('0' + rest % 10);
  return p;
}

static uint64_t since(uint64_t origin, uint64_t time) {
  return time > origin ? time - origin : 0;
}

/* What JSON or a terminal would trip over becomes a question mark. */
static char *put_text(char *p, const char *text) {
  for (int i = 0; text[i] && i < NAME_MAX_SIZE; i++) {
    char c = text[i];
    if (c == '"' || c == '\\') *p++ = '\\';
    *p++ = c >= ' ' && c <= '~' ? c : '?';
  }
  return p;
}

static char *put_name(char *p, const char *name) {
  *p++ = '"';
  p = put_text(p, name);
  *p++ = '"';
  return p;
}

static uint32_t process_of(uint32_t track) {
  return track / EAGER__TRACE_TRACKS + HOST;
}

static char *put_place(char *p, uint32_t track) {
  p = put(p, "\"pid\":");
  p = put_number(p, process_of(track));
  p = put(p, ",\"tid\":");
  return put_number(p, track);
}

/* --- Names of tracks --- */

static char *put_track_name(char *p, const eager__trace_head *head) {
  p = put(p, "{\"ph\":\"M\",");
  p = put_place(p, head->track);
  p = put(p, ",\"name\":\"thread_name\",\"args\":{\"name\":\"");
  p = put_text(p, head->name ? head->name : "thread ");
  if (!head->name) p = put_number(p, head->track);
  if (head->to && process_of(head->track) == HOST) { /* a worker, of a device */
    *p++ = ' ';
    p = put_text(p, head->to);
  }
  return put(p, "\"}}");
}

static char *put_track(char *p, const eager__trace_head *head) {
  p = put(p, "{\"ph\":\"M\",");
  p = put_place(p, head->track);
  p = put(p, ",\"name\":\"process_name\",\"args\":{\"name\":");
  bool is_host = process_of(head->track) == HOST;
  p = put_name(p, is_host || !head->to ? "host" : head->to);
  p = put(p, "}},\n");
  return put_track_name(p, head);
}

/* --- Spans --- */

static const char *category(eager__trace_kind kind) {
  static const char *const names[] = {
      [EAGER__TRACE_TRACK] = "track",   [EAGER__TRACE_OP] = "op",
      [EAGER__TRACE_INNER] = "inner",   [EAGER__TRACE_VALUE] = "copy",
      [EAGER__TRACE_COPY] = "copy",     [EAGER__TRACE_WAIT] = "wait",
      [EAGER__TRACE_BUILD] = "build",   [EAGER__TRACE_TASK] = "task",
      [EAGER__TRACE_KERNEL] = "kernel", [EAGER__TRACE_MOVE] = "move",
  };
  return names[kind];
}

static bool is_command(const eager__trace_head *head) {
  return head->kind == EAGER__TRACE_KERNEL || head->kind == EAGER__TRACE_MOVE;
}

static bool is_call(const eager__trace_head *head) {
  return head->kind == EAGER__TRACE_OP || head->kind == EAGER__TRACE_INNER ||
         head->kind == EAGER__TRACE_VALUE;
}

/* Done for a call, perhaps by another thread. */
static bool is_part(const eager__trace_head *head) {
  return is_command(head) || head->kind == EAGER__TRACE_COPY ||
         head->kind == EAGER__TRACE_TASK;
}

static char *put_flow(char *p, const eager__trace_head *head) {
  if (!head->number || (!is_part(head) && !is_call(head))) return p;
  p = put(p, ",\"bind_id\":\"0x");
  p = put_digits(p, head->number, 16);
  return put(p, is_part(head) ? "\",\"flow_in\":true" : "\",\"flow_out\":true");
}

static char *put_operand(char *p, const eager__trace_record *record, size_t *position) {
  eager_dtype dtype;
  eager__shape shape;
  eager__trace_read_shape(record, position, &dtype, &shape);
  *p++ = '"';
  p = put(p, eager_dtype_name(dtype));
  *p++ = '[';
  for (int i = 0; i < shape.rank; i++) {
    if (i) *p++ = ',';
    p = put_number(p, (uint64_t)shape.dims[i]);
  }
  *p++ = ']';
  *p++ = '"';
  return p;
}

static char *put_operands(char *p, const eager__trace_record *record, const char *key,
                          int count, int more, size_t *position) {
  if (!count && !more) return p;
  p = put(p, key);
  *p++ = '[';
  for (int i = 0; i < count; i++) {
    if (i) *p++ = ',';
    p = put_operand(p, record, position);
  }
  if (more) {
    p = put(p, count ? ",\"and " : "\"and ");
    if (more == UINT8_MAX) p = put(p, "at least ");
    p = put_number(p, (uint64_t)more);
    p = put(p, " more\"");
  }
  *p++ = ']';
  return p;
}

static char *put_sizes(char *p, const char *key, const uint32_t *sizes) {
  p = put(p, key);
  for (int i = 0; i < 3 && sizes[i]; i++) {
    if (i) *p++ = 'x';
    p = put_number(p, sizes[i]);
  }
  *p++ = '"';
  return p;
}

static char *put_command(char *p, const eager__trace_record *record, uint64_t origin) {
  const eager__trace_head *head = &record->head;
  uint32_t grid[6];
  memcpy(grid, record->payload, sizeof grid);
  if (head->kind == EAGER__TRACE_KERNEL && grid[0]) {
    p = put_sizes(p, ",\"global\":\"", grid);
    p = put_sizes(p, ",\"local\":\"", grid + 3);
  }
  if (!head->timed) p = put(p, ",\"times\":\"the host's\"");
  p = put(p, ",\"queued\":");
  p = put_time(p, since(origin, head->queued));
  p = put(p, ",\"submit\":");
  return put_time(p, since(origin, head->submitted));
}

static char *put_arguments(char *p, const eager__trace_record *record, uint64_t origin) {
  const eager__trace_head *head = &record->head;
  char *begin = p;
  size_t position = 0;
  if (head->number) {
    p = put(p, ",\"op\":");
    p = put_number(p, head->number);
  }
  bool crosses = head->from && head->kind != EAGER__TRACE_BUILD;
  if (head->from) {
    p = put(p, crosses ? ",\"from\":" : ",\"dtype\":");
    p = put_name(p, head->from);
  }
  if (head->to) {
    p = put(p, crosses ? ",\"to\":" : ",\"device\":");
    p = put_name(p, head->to);
  }
  if (head->kind == EAGER__TRACE_VALUE || head->kind == EAGER__TRACE_COPY ||
      head->kind == EAGER__TRACE_MOVE) {
    p = put(p, ",\"bytes\":");
    p = put_number(p, head->size);
  }
  if (head->status) {
    p = put(p, ",\"status\":");
    p = put_name(p, eager_status_name((eager_status)head->status));
  }
  if (is_call(head)) {
    p = put_operands(p, record, ",\"inputs\":", head->inputs, head->more_inputs, &position);
    p = put_operands(p, record, ",\"outputs\":", head->outputs, head->more_outputs,
                     &position);
  }
  if (is_command(head)) p = put_command(p, record, origin);
  if (p != begin) *begin = '{'; /* where the first comma stands */
  return p != begin ? put(p, "}") : put(p, "{}");
}

static char *put_span(char *p, const eager__trace_record *record, uint64_t origin) {
  const eager__trace_head *head = &record->head;
  p = put(p, "{\"ph\":\"X\",");
  p = put_place(p, head->track);
  p = put(p, ",\"ts\":");
  p = put_time(p, since(origin, head->begin));
  p = put(p, ",\"dur\":");
  p = put_time(p, head->end - head->begin);
  p = put(p, ",\"cat\":\"");
  p = put(p, category((eager__trace_kind)head->kind));
  p = put(p, "\",\"name\":");
  p = put_name(p, head->name);
  p = put_flow(p, head);
  p = put(p, ",\"args\":");
  p = put_arguments(p, record, origin);
  *p++ = '}';
  return p;
}

size_t eager__trace_json(const eager__trace_record *record, uint64_t origin, bool first,
                         char *text) {
  char *p = first ? text : put(text, ",\n");
  p = record->head.kind == EAGER__TRACE_TRACK ? put_track(p, &record->head)
                                              : put_span(p, record, origin);
  return (size_t)(p - text);
}
