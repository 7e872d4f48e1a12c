#include "base/status.h"

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 8192, SUFFIX_SIZE = 1024 };

static _Thread_local struct {
  char text[TEXT_SIZE];
  int cl_code;
  bool is_kept;
} last;

static const char *const names[] = {
    [EAGER_OK] = "OK",
    [EAGER_CANCELLED] = "CANCELLED",
    [EAGER_UNKNOWN] = "UNKNOWN",
    [EAGER_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
    [EAGER_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
    [EAGER_NOT_FOUND] = "NOT_FOUND",
    [EAGER_ALREADY_EXISTS] = "ALREADY_EXISTS",
    [EAGER_PERMISSION_DENIED] = "PERMISSION_DENIED",
    [EAGER_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
    [EAGER_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
    [EAGER_ABORTED] = "ABORTED",
    [EAGER_OUT_OF_RANGE] = "OUT_OF_RANGE",
    [EAGER_UNIMPLEMENTED] = "UNIMPLEMENTED",
    [EAGER_INTERNAL] = "INTERNAL",
    [EAGER_UNAVAILABLE] = "UNAVAILABLE",
    [EAGER_DATA_LOSS] = "DATA_LOSS",
};
static_assert(sizeof names / sizeof *names == EAGER_DATA_LOSS + 1, "a name per status");

const char *eager_status_name(eager_status status) {
  size_t index = (size_t)status;
  return index < sizeof names / sizeof *names ? names[index] : "UNKNOWN";
}

const char *eager_error_message(void) {
  return last.text;
}

int eager_error_cl_code(void) {
  return last.cl_code;
}

/* The longest prefix of at most `room` bytes that does not split a UTF-8 character. `text`
 * has more than `room` bytes. */
static size_t whole_characters(const char *text, size_t room) {
  size_t size = room;
  while (size > 0 && room - size < 3 && ((unsigned char)text[size] & 0xC0) == 0x80) size--;
  return size;
}

static void cut(char *text, size_t room) {
  memcpy(text + whole_characters(text, room - 3), "...", 4);
}

/* What does not fit ends in "...". */
static void format_text(char *out, size_t capacity, const char *format, va_list args) {
  int size = vsnprintf(out, capacity, format, args);
  if (size < 0) out[0] = '\0';
  if (size >= 0 && (size_t)size >= capacity) cut(out, capacity - 1);
}

static void record(int cl_code, const char *format, va_list args) {
  if (last.is_kept) return;
  char text[TEXT_SIZE]; /* an argument may be the last text itself */
  format_text(text, sizeof text, format, args);
  memcpy(last.text, text, strlen(text) + 1);
  last.cl_code = cl_code;
}

eager_status eager__fail(eager_status status, const char *format, ...) {
  assert(status != EAGER_OK);
  va_list args;
  va_start(args, format);
  record(0, format, args);
  va_end(args);
  return status;
}

eager_status eager__fail_cl(eager_status status, int cl_code, const char *format, ...) {
  assert(status != EAGER_OK);
  va_list args;
  va_start(args, format);
  record(cl_code, format, args);
  va_end(args);
  return status;
}

/* The suffix says which op failed: where room is short, the text before it gives way. */
void eager__fail_append(const char *format, ...) {
  if (last.is_kept) return;
  char suffix[SUFFIX_SIZE];
  va_list args;
  va_start(args, format);
  format_text(suffix, sizeof suffix, format, args);
  va_end(args);
  size_t suffix_size = strlen(suffix);
  if (strlen(last.text) + suffix_size >= TEXT_SIZE)
    cut(last.text, TEXT_SIZE - 1 - suffix_size);
  memcpy(last.text + strlen(last.text), suffix, suffix_size + 1);
}

void eager__clear_error(void) {
  if (last.is_kept) return;
  last.text[0] = '\0';
  last.cl_code = 0;
}

void eager__keep_error(bool on) {
  last.is_kept = on;
}
