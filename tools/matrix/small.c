#include <ctype.h>
#include <time.h>

#include "matrix.h"

double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void sleep_milliseconds(int milliseconds) {
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  nanosleep(&time, NULL);
}

static bool begins_with(const char *text, const char *start) {
  for (; *start; text++, start++)
    if (tolower((unsigned char)*text) != tolower((unsigned char)*start)) return false;
  return true;
}

bool has_part(const char *name, const char *part) {
  if (part == NULL) return true;
  for (; *name; name++)
    if (begins_with(name, part)) return true;
  return *part == '\0';
}

void *allocated(size_t size) {
  void *memory = calloc(1, size + 1);
  if (memory != NULL) return memory;
  fprintf(stderr, "eagercl-matrix: out of memory\n");
  exit(2);
}

char *copied(const char *text) {
  char *copy = allocated(strlen(text));
  memcpy(copy, text, strlen(text));
  return copy;
}
