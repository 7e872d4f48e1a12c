/* Reads JSON, all of it and nothing else. */
#ifndef EAGER_TESTS_JSON_H
#define EAGER_TESTS_JSON_H

#include <stdbool.h>
#include <stddef.h>

typedef enum json_kind {
  JSON_NULL,
  JSON_BOOL,
  JSON_NUMBER,
  JSON_STRING,
  JSON_ARRAY,
  JSON_OBJECT,
} json_kind;

typedef struct json {
  json_kind kind;
  bool truth;
  double number;
  const char *text, *key; /* escapes of one character are undone, \u is kept */
  struct json *first, *next;
  int count; /* of an array or object */
} json;

/* NULL, having said where and why, when it is no JSON. Its memory, and this, lasts until
 * the test ends, or the program. */
const json *json_read(const char *text, char *why, size_t why_size);
/* The same; what is no JSON fails the test. */
const json *json_parse(const char *text);

/* NULL when `object` is none or has no such member. */
const json *json_member(const json *object, const char *key);
/* Of a member that must be there and of this kind, else the test fails. */
const char *json_text(const json *object, const char *key);
double json_number(const json *object, const char *key);

#endif
