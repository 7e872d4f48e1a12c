/* Text that grows. An allocation failure is kept in `failed`: what is added later is
 * dropped and take() gives NULL, so a writer asks once, at the end. */
#ifndef EAGER_BASE_STRBUF_H
#define EAGER_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct eager__strbuf {
  char *text; /* NUL-terminated, or NULL while empty */
  size_t size, capacity;
  bool failed;
} eager__strbuf; /* {0} is empty */

void eager__strbuf_add(eager__strbuf *buffer, const char *text);
void eager__strbuf_add_bytes(eager__strbuf *buffer, const char *bytes, size_t size);
void eager__strbuf_format(eager__strbuf *buffer, const char *format, ...)
    EAGER__PRINTF(2, 3);
/* The text, never NULL, valid until the next call on the buffer. */
const char *eager__strbuf_text(const eager__strbuf *buffer);
/* Moves the text ("" if none) to the caller, who frees it with eager__free; NULL when
 * memory was short. The buffer is empty afterwards in both cases. */
char *eager__strbuf_take(eager__strbuf *buffer);
void eager__strbuf_free(eager__strbuf *buffer);

#endif
