#include "numpy.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const pythons[] = {"python3", "/usr/bin/python3"};

static const char *python(void) {
  static const char *found;
  for (size_t i = 0; !found && i < sizeof pythons / sizeof *pythons; i++) {
    char command[128];
    snprintf(command, sizeof command, "%s -c 'import numpy' 2>/dev/null", pythons[i]);
    if (system(command) == 0) found = pythons[i];
  }
  return found;
}

bool numpy_is_here(void) {
  return python() != NULL;
}

static char *read_all(FILE *pipe, size_t *out_size) {
  size_t size = 0, capacity = 1 << 16;
  char *text = malloc(capacity);
  while (text) {
    size += fread(text + size, 1, capacity - size - 1, pipe);
    text[size] = '\0';
    if (size < capacity - 1) break;
    char *grown = realloc(text, capacity *= 2);
    if (!grown) free(text);
    text = grown;
  }
  *out_size = size;
  return text;
}

char *numpy_run(const char *script, const char *path, size_t *out_size) {
  char command[4096];
  int size = snprintf(command, sizeof command, "%s -c \"%s\" '%s'", python(), script, path);
  if (size < 0 || (size_t)size >= sizeof command) return NULL;
  FILE *pipe = popen(command, "r");
  if (!pipe) return NULL;
  char *text = read_all(pipe, out_size);
  if (pclose(pipe) == 0) return text;
  free(text);
  return NULL;
}
