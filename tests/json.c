#include "json.h"

#include <ctype.h>

#include "test_values.h"

typedef struct reader {
  const char *begin, *at;
  json *nodes; /* the rest of a block */
  int left;
  int depth;
  jmp_buf failed;
  char *why;
  size_t why_size;
} reader;

enum { BLOCK = 1024, MAX_DEPTH = 64 };

static _Noreturn void complain(reader *r, const char *what) {
  snprintf(r->why, r->why_size, "no JSON at byte %ld: %s: %.60s", (long)(r->at - r->begin),
           what, r->at);
  longjmp(r->failed, 1);
}

static void skip_space(reader *r) {
  while (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t') r->at++;
}

static void expect(reader *r, char c) {
  if (*r->at != c) complain(r, test_text("'%c' expected", c));
  r->at++;
}

static json *new_node(reader *r, json_kind kind) {
  if (r->left == 0) {
    r->nodes = test_alloc(BLOCK * sizeof *r->nodes);
    r->left = BLOCK;
  }
  r->left--;
  json *node = r->nodes++;
  node->kind = kind;
  return node;
}

static char escaped(reader *r) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  const char *found = *r->at != '\0' ? strchr(from, *r->at) : NULL;
  if (found == NULL) complain(r, "unknown escape");
  r->at++;
  return to[found - from];
}

static const char *read_string(reader *r) {
  expect(r, '"');
  size_t room = strcspn(r->at, "\"") + 2;
  for (const char *p = r->at; *p != '\0' && *p != '"'; p += p[0] == '\\' && p[1] ? 2 : 1)
    room = (size_t)(p - r->at) + 3;
  char *text = test_alloc(room), *end = text;
  while (*r->at != '"') {
    if ((unsigned char)*r->at < ' ') complain(r, "a control character in a string");
    if (*r->at == '\\' && r->at[1] != 'u') {
      r->at++;
      *end++ = escaped(r);
    } else {
      *end++ = *r->at++;
    }
  }
  r->at++;
  return text;
}

static void read_digits(reader *r) {
  if (!isdigit((unsigned char)*r->at)) complain(r, "a digit expected");
  while (isdigit((unsigned char)*r->at)) r->at++;
}

static json *read_number(reader *r) {
  json *node = new_node(r, JSON_NUMBER);
  const char *begin = r->at;
  if (*r->at == '-') r->at++;
  if (*r->at == '0' && isdigit((unsigned char)r->at[1])) complain(r, "a leading zero");
  read_digits(r);
  if (*r->at == '.') r->at++, read_digits(r);
  if (*r->at == 'e' || *r->at == 'E') {
    r->at++;
    if (*r->at == '+' || *r->at == '-') r->at++;
    read_digits(r);
  }
  node->number = strtod(begin, NULL);
  return node;
}

static json *read_word(reader *r, const char *word, json_kind kind, bool truth) {
  if (strncmp(r->at, word, strlen(word)) != 0) complain(r, "a value expected");
  r->at += strlen(word);
  json *node = new_node(r, kind);
  node->truth = truth;
  return node;
}

static json *read_value(reader *r);

/* Items of an array, or members of an object: behind the opening bracket. */
static void read_items(reader *r, json *whole, char end) {
  json **link = &whole->first;
  skip_space(r);
  if (*r->at == end) {
    r->at++;
    return;
  }
  for (;;) {
    const char *key = NULL;
    skip_space(r);
    if (whole->kind == JSON_OBJECT) {
      key = read_string(r);
      skip_space(r);
      expect(r, ':');
    }
    *link = read_value(r);
    (*link)->key = key;
    link = &(*link)->next;
    whole->count++;
    skip_space(r);
    if (*r->at == end) break;
    expect(r, ',');
  }
  r->at++;
}

static json *read_list(reader *r, json_kind kind, char end) {
  json *node = new_node(r, kind);
  if (++r->depth > MAX_DEPTH) complain(r, "too deep");
  r->at++;
  read_items(r, node, end);
  r->depth--;
  return node;
}

static json *read_value(reader *r) {
  skip_space(r);
  switch (*r->at) {
  case '{':
    return read_list(r, JSON_OBJECT, '}');
  case '[':
    return read_list(r, JSON_ARRAY, ']');
  case '"': {
    json *node = new_node(r, JSON_STRING);
    node->text = read_string(r);
    return node;
  }
  case 't':
    return read_word(r, "true", JSON_BOOL, true);
  case 'f':
    return read_word(r, "false", JSON_BOOL, false);
  case 'n':
    return read_word(r, "null", JSON_NULL, false);
  default:
    return read_number(r);
  }
}

static const json *read_whole(reader *r) {
  const json *whole = read_value(r);
  skip_space(r);
  if (*r->at != '\0') complain(r, "something behind the end");
  return whole;
}

const json *json_read(const char *text, char *why, size_t why_size) {
  reader r = {.begin = text, .at = text, .why = why, .why_size = why_size};
  return setjmp(r.failed) == 0 ? read_whole(&r) : NULL;
}

const json *json_parse(const char *text) {
  char why[200];
  const json *whole = json_read(text, why, sizeof why);
  if (whole == NULL) fail_msg("%s", why);
  return whole;
}

const json *json_member(const json *object, const char *key) {
  if (object == NULL || object->kind != JSON_OBJECT) return NULL;
  for (const json *each = object->first; each != NULL; each = each->next)
    if (strcmp(each->key, key) == 0) return each;
  return NULL;
}

static const json *needed(const json *object, const char *key, json_kind kind) {
  const json *found = json_member(object, key);
  if (found == NULL || found->kind != kind)
    fail_msg("the member %s is not there or of another kind", key);
  return found;
}

const char *json_text(const json *object, const char *key) {
  return needed(object, key, JSON_STRING)->text;
}

double json_number(const json *object, const char *key) {
  return needed(object, key, JSON_NUMBER)->number;
}
