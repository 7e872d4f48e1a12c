#include "base/env.h"

#include <stdint.h>
#include <stdlib.h>

const char *eager__env(const char *name) {
  const char *value = getenv(name);
  return value != NULL && value[0] != '\0' ? value : NULL;
}

/* ASCII only: under a Turkish locale tolower() would not find "SILENT". */
static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool equal_ignoring_case(const char *a, const char *b) {
  while (*a != '\0' && lower(*a) == lower(*b)) a++, b++;
  return lower(*a) == lower(*b);
}

static eager_status refuse(const char *name, const char *expected, const char *value) {
  return eager__fail(EAGER_INVALID_ARGUMENT,
                     "environment variable %s must be %s, got \"%s\"", name, expected,
                     value);
}

static eager_status refuse_choice(const char *name, const char *const *choices,
                                  const char *value) {
  eager_status status =
      eager__fail(EAGER_INVALID_ARGUMENT, "environment variable %s must be one of ", name);
  for (int i = 0; choices[i] != NULL; i++)
    eager__fail_append(i > 0 ? ", %s" : "%s", choices[i]);
  eager__fail_append(", got \"%s\"", value);
  return status;
}

eager_status eager__env_choice(const char *name, const char *const *choices, int *out) {
  const char *value = eager__env(name);
  if (value == NULL) return EAGER_OK;
  for (int i = 0; choices[i] != NULL; i++) {
    if (equal_ignoring_case(value, choices[i])) {
      *out = i;
      return EAGER_OK;
    }
  }
  return refuse_choice(name, choices, value);
}

eager_status eager__env_bool(const char *name, bool *out) {
  static const char *const choices[] = {"0",  "1",  "false", "true", "off",
                                        "on", "no", "yes",   NULL};
  int choice = -1;
  EAGER__TRY(eager__env_choice(name, choices, &choice));
  if (choice >= 0) *out = choice % 2 == 1;
  return EAGER_OK;
}

/* The power of two a suffix stands for, -1 for what is none. */
static int suffix_shift(const char *suffix) {
  if (suffix[0] == '\0') return 0;
  if (suffix[1] != '\0') return -1;
  switch (lower(suffix[0])) {
  case 'k':
    return 10;
  case 'm':
    return 20;
  case 'g':
    return 30;
  case 't':
    return 40;
  default:
    return -1;
  }
}

eager_status eager__env_size(const char *name, size_t *out) {
  const char *value = eager__env(name);
  if (value == NULL) return EAGER_OK;
  static const char *const expected = "a positive number of bytes, K, M, G or T may follow";
  const char *p = value;
  uint64_t number = 0;
  for (; *p >= '0' && *p <= '9'; p++) {
    uint64_t digit = (uint64_t)(*p - '0');
    if (number > (SIZE_MAX - digit) / 10)
      return refuse(name, "a number of bytes this machine can count", value);
    number = number * 10 + digit;
  }
  int shift = suffix_shift(p);
  if (p == value || shift < 0 || number == 0) return refuse(name, expected, value);
  if (number > SIZE_MAX >> shift)
    return refuse(name, "a number of bytes this machine can count", value);
  *out = (size_t)(number << shift);
  return EAGER_OK;
}

static bool is_file_name(const char *value) {
  const char *p = value;
  for (; *p != '\0'; p++)
    if (*p == '%' && *++p != 'p') return false;
  return p[-1] != '/';
}

eager_status eager__env_file(const char *name, const char **out) {
  const char *value = eager__env(name);
  if (value == NULL) return EAGER_OK;
  if (!is_file_name(value))
    return refuse(name, "the name of a file, in which %p stands for the process's number",
                  value);
  *out = value;
  return EAGER_OK;
}
