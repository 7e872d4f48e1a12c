#include "ops/catalogue.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ops/registry.h"
#include "runtime/capability.h"
#include "runtime/runtime.h"

/* --- Finding, and what comes near --- */

enum { NAME_MOST = 64, NEAR_MOST = 4 };

static int least(int a, int b) {
  return a < b ? a : b;
}

/* Levenshtein's edit distance, letters of either case alike; names beyond NAME_MOST are far
 * from everything. */
static int edit_distance(const char *a, const char *b) {
  size_t a_size = strlen(a), b_size = strlen(b);
  if (a_size > NAME_MOST || b_size > NAME_MOST) return NAME_MOST;
  int row[NAME_MOST + 1];
  for (size_t j = 0; j <= b_size; j++) row[j] = (int)j;
  for (size_t i = 1; i <= a_size; i++) {
    int diagonal = row[0];
    row[0] = (int)i;
    for (size_t j = 1; j <= b_size; j++) {
      int above = row[j];
      bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
      row[j] = least(least(above, row[j - 1]) + 1, diagonal + !same);
      diagonal = above;
    }
  }
  return row[b_size];
}

/* Add means AddV2, Concat ConcatV2: a name that goes on is as near as one slip. */
static int distance(const char *asked, const char *name) {
  size_t size = strlen(asked);
  int edits = edit_distance(asked, name);
  return size >= 3 && strncmp(asked, name, size) == 0 ? least(edits, 1) : edits;
}

typedef struct near_list {
  const char *names[NEAR_MOST];
  int distances[NEAR_MOST];
  int count;
} near_list;

/* Keeps the nearest, nearest first; of equals the alphabetical first. */
static void consider(near_list *near, const char *name, int far) {
  int place = near->count;
  while (place > 0 && near->distances[place - 1] > far) place--;
  if (place == NEAR_MOST) return;
  if (near->count < NEAR_MOST) near->count++;
  for (int i = near->count - 1; i > place; i--) {
    near->names[i] = near->names[i - 1];
    near->distances[i] = near->distances[i - 1];
  }
  near->names[place] = name;
  near->distances[place] = far;
}

static eager_status refuse(const char *name) {
  near_list near = {.count = 0};
  int most = least((int)strlen(name) / 3 + 1, 4);
  for (int i = 0; i < eager__registry_count(); i++) {
    const char *other = eager__registry_get(i)->name;
    int far = distance(name, other);
    if (far <= most) consider(&near, other, far);
  }
  eager__strbuf text = {0};
  for (int i = 0; i < near.count; i++)
    eager__strbuf_format(&text, "%s%s", i > 0 ? ", " : "", near.names[i]);
  if (near.count > 0)
    eager__fail(EAGER_NOT_FOUND, "there is no op named '%s'; near: %s", name,
                eager__strbuf_text(&text));
  else
    eager__fail(EAGER_NOT_FOUND,
                "there is no op named '%s', nor one like it; eager_op_name() lists all %d",
                name, eager__registry_count());
  eager__strbuf_free(&text);
  return EAGER_NOT_FOUND;
}

eager_status eager__catalogue_find(const char *name, const eager__op **out) {
  *out = NULL;
  EAGER__REQUIRE(name != NULL, EAGER_INVALID_ARGUMENT, "name is NULL");
  *out = eager__registry_find(name);
  return *out != NULL ? EAGER_OK : refuse(name);
}

size_t eager_op_count(void) {
  return (size_t)eager__registry_count();
}

const char *eager_op_name(size_t index) {
  return index < eager_op_count() ? eager__registry_get((int)index)->name : "";
}

/* --- Attributes --- */

int eager__op_attr_count(const eager__op *op) {
  int count = 0;
  while (count < EAGER__MAX_ATTRS && op->attrs[count].name != NULL) count++;
  return count;
}

/* "int", "list of ints" ...: as errors and descriptions speak of an attribute. */
static const char *attr_kind_text(eager__attr_kind kind) {
  switch (kind) {
  case EAGER__ATTR_INT:
    return "int";
  case EAGER__ATTR_FLOAT:
    return "float";
  case EAGER__ATTR_NUMBER:
    return "int or float";
  case EAGER__ATTR_BOOL:
    return "bool";
  case EAGER__ATTR_DTYPE:
    return "dtype";
  case EAGER__ATTR_STRING:
    return "string";
  case EAGER__ATTR_INT_LIST:
    return "list of ints";
  case EAGER__ATTR_FLOAT_LIST:
    return "list of floats";
  case EAGER__ATTR_NONE:
    break;
  }
  return "nothing";
}

void eager__catalogue_list_attrs(const eager__op *op, eager__strbuf *out) {
  int count = eager__op_attr_count(op);
  if (count == 0) eager__strbuf_add(out, "it has no attributes");
  for (int i = 0; i < count; i++)
    eager__strbuf_format(out, "%s%s (%s)", i == 0 ? "its attributes are: " : ", ",
                         op->attrs[i].name, attr_kind_text(op->attrs[i].kind));
}

/* --- Describing --- */

static eager_attr_kind public_kind(eager__attr_kind kind) {
  switch (kind) {
  case EAGER__ATTR_FLOAT:
  case EAGER__ATTR_NUMBER:
    return EAGER_ATTR_FLOAT;
  case EAGER__ATTR_BOOL:
    return EAGER_ATTR_BOOL;
  case EAGER__ATTR_DTYPE:
    return EAGER_ATTR_DTYPE;
  case EAGER__ATTR_STRING:
    return EAGER_ATTR_STRING;
  case EAGER__ATTR_INT_LIST:
    return EAGER_ATTR_INT_LIST;
  case EAGER__ATTR_FLOAT_LIST:
    return EAGER_ATTR_FLOAT_LIST;
  case EAGER__ATTR_INT:
  case EAGER__ATTR_NONE:
    break;
  }
  return EAGER_ATTR_INT;
}

static void write_default(const eager__attr_spec *spec, char *out, size_t room) {
  switch (spec->kind) {
  case EAGER__ATTR_BOOL:
    snprintf(out, room, "%s", spec->number != 0 ? "true" : "false");
    break;
  case EAGER__ATTR_DTYPE:
    if (spec->number != 0)
      snprintf(out, room, "%s", eager_dtype_name((eager_dtype)spec->number));
    break;
  case EAGER__ATTR_STRING:
    snprintf(out, room, "%s", spec->text ? spec->text : "");
    break;
  case EAGER__ATTR_INT_LIST:
  case EAGER__ATTR_FLOAT_LIST:
    snprintf(out, room, "[]");
    break;
  default:
    snprintf(out, room, "%.9g", spec->number);
    break;
  }
}

static void describe_attr(const eager__attr_spec *spec, eager_attr_description *out) {
  out->name = spec->name;
  out->kind = public_kind(spec->kind);
  out->required = spec->required;
  out->default_text[0] = '\0';
  if (!spec->required) write_default(spec, out->default_text, sizeof out->default_text);
}

static void write_dtypes(uint32_t dtypes, char *out, size_t room) {
  size_t used = 0;
  out[0] = '\0';
  for (int d = 0; d < EAGER__DTYPE_END; d++) {
    if (!(dtypes & EAGER__BIT(d)) || used >= room) continue;
    used += (size_t)snprintf(out + used, room - used, "%s%s", used > 0 ? " " : "",
                             eager_dtype_name((eager_dtype)d));
  }
}

eager_status eager_op_describe(const char *name, eager_op_description *out_description) {
  const eager__op *op;
  EAGER__REQUIRE(out_description != NULL, EAGER_INVALID_ARGUMENT,
                 "out_description is NULL");
  memset(out_description, 0, sizeof *out_description);
  EAGER__TRY(eager__catalogue_find(name, &op));
  out_description->name = op->name;
  out_description->typed_names = op->typed ? op->typed : "";
  out_description->input_count = eager__op_input_count(op);
  out_description->output_count = op->count_outputs ? -1 : eager__op_output_count(op);
  out_description->attr_count = eager__op_attr_count(op);
  out_description->variadic_input = op->variadic ? 0 : -1;
  out_description->may_fail_on_device = op->checked;
  for (int i = 0; i < out_description->input_count; i++)
    out_description->input_names[i] = op->inputs[i].name;
  for (int i = 0; i < out_description->attr_count; i++)
    describe_attr(&op->attrs[i], &out_description->attrs[i]);
  write_dtypes(op->dtypes, out_description->dtypes, sizeof out_description->dtypes);
  return EAGER_OK;
}

bool eager_op_is_supported(const char *name, eager_dtype dtype, const char *device) {
  eager__runtime *runtime = eager__runtime_get();
  const eager__op *op = name != NULL ? eager__registry_find(name) : NULL;
  if (runtime == NULL || op == NULL || !eager__dtype_is_valid(dtype)) return false;
  if (!(op->dtypes & EAGER__BIT(dtype))) return false;
  eager__device *found;
  if (eager__runtime_device_or_default(runtime, device, &found) != EAGER_OK) {
    eager__clear_error();
    return false;
  }
  return found->info.has_float64 || !eager__op_needs_float64(op, dtype);
}
