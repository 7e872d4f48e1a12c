#include "base/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

/* Room for `size` more bytes and the NUL. */
static bool make_room(eager__strbuf *buffer, size_t size) {
  if (buffer->failed) return false;
  if (size < buffer->capacity - buffer->size) return true;
  buffer->failed = true;
  if (size >= SIZE_MAX / 2 - buffer->size) return false;
  size_t grown = buffer->capacity + buffer->capacity / 2;
  if (grown < buffer->size + size + 1) grown = buffer->size + size + 1;
  if (grown < 64) grown = 64;
  char *text = eager__realloc(buffer->text, grown);
  if (text == NULL) return false;
  buffer->text = text;
  buffer->capacity = grown;
  buffer->failed = false;
  return true;
}

void eager__strbuf_add(eager__strbuf *buffer, const char *text) {
  eager__strbuf_add_bytes(buffer, text, strlen(text));
}

void eager__strbuf_add_bytes(eager__strbuf *buffer, const char *bytes, size_t size) {
  if (!make_room(buffer, size)) return;
  if (size > 0) memcpy(buffer->text + buffer->size, bytes, size);
  buffer->size += size;
  buffer->text[buffer->size] = '\0';
}

void eager__strbuf_format(eager__strbuf *buffer, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int size = vsnprintf(NULL, 0, format, args);
  if (size < 0) {
    buffer->failed = true;
  } else if (make_room(buffer, (size_t)size)) {
    vsnprintf(buffer->text + buffer->size, (size_t)size + 1, format, again);
    buffer->size += (size_t)size;
  }
  va_end(again);
  va_end(args);
}

const char *eager__strbuf_text(const eager__strbuf *buffer) {
  return buffer->text != NULL ? buffer->text : "";
}

char *eager__strbuf_take(eager__strbuf *buffer) {
  char *text = NULL;
  if (!buffer->failed) {
    text = buffer->text != NULL ? buffer->text : eager__strdup("");
    buffer->text = NULL;
  }
  eager__strbuf_free(buffer);
  return text;
}

void eager__strbuf_free(eager__strbuf *buffer) {
  eager__free(buffer->text);
  *buffer = (eager__strbuf){0};
}
