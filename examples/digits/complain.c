#include "complain.h"

#include <stdarg.h>
#include <stdio.h>

bool complain(const char *format, ...) {
  char text[4096];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  for (char *c = text; *c; c++) {
    *c = *c == '\n' || *c == '\r' ? ' ' : *c; /* one line, whatever was typed */
  }
  fprintf(stderr, "digits: %s\n", text);
  return false;
}
