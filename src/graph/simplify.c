/* What need not be computed: values that are there already, and ops that change nothing.
 * Results keep their bits, NaN payloads aside. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "graph/plan.h"

/* --- The same op on the same values --- */

static uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ hash >> 29;
}

static uint64_t hash_item(const eager__program *p, const eager__item *item) {
  uint64_t hash = (uint64_t)(uintptr_t)item->op;
  for (int i = 0; i < item->input_count; i++)
    hash = mix(hash, (uint64_t)eager__program_same(p, item->inputs[i]));
  for (int i = 0; i < EAGER__MAX_ATTRS; i++) hash = mix(hash, (uint64_t)item->attrs[i].i);
  return hash;
}

static bool same_bytes(const void *a, const void *b, size_t size) {
  if (!a || !b) return a == b;
  return memcmp(a, b, size) == 0;
}

static bool same_attr(const eager__attr *a, const eager__attr *b) {
  if (a->given != b->given || !a->given) return a->given == b->given;
  return a->i == b->i && a->is_float == b->is_float && a->count == b->count &&
         memcmp(&a->f, &b->f, sizeof a->f) == 0 &&
         (a->text && b->text ? strcmp(a->text, b->text) == 0 : a->text == b->text) &&
         same_bytes(a->ints, b->ints, a->count * sizeof *a->ints) &&
         same_bytes(a->floats, b->floats, a->count * sizeof *a->floats);
}

static bool same_item(const eager__program *p, const eager__item *a, const eager__item *b) {
  if (a->op != b->op || a->user || b->user || a->input_count != b->input_count ||
      a->device != b->device)
    return false;
  for (int i = 0; i < a->input_count; i++)
    if (eager__program_same(p, a->inputs[i]) != eager__program_same(p, b->inputs[i]))
      return false;
  for (int i = 0; i < EAGER__MAX_ATTRS; i++)
    if (!same_attr(&a->attrs[i], &b->attrs[i])) return false;
  return true;
}

static void replace(eager__program *p, int value, int by) {
  p->values[value].same = eager__program_same(p, by);
}

/* `table` has room for twice the items; 0: empty, else an item's number and one. */
static bool join_twin(eager__program *p, int number, int *table, size_t room) {
  const eager__item *item = &p->items[number];
  size_t at = hash_item(p, item) % room;
  for (; table[at]; at = (at + 1) % room) {
    const eager__item *twin = &p->items[table[at] - 1];
    if (!same_item(p, item, twin)) continue;
    for (int i = 0; i < item->output_count; i++)
      replace(p, item->outputs[i], twin->outputs[i]);
    return true;
  }
  table[at] = number + 1;
  return false;
}

/* --- Constants that are known on the host --- */

/* Whether `value` is one number throughout, and which. */
static bool find_number(const eager__program *p, int value, double *out) {
  int64_t offset;
  const eager__value *v = &p->values[eager__program_base(p, value, &offset)];
  int64_t count = eager__shape_elements(&v->shape);
  size_t size = eager_dtype_size(v->dtype);
  const char *bytes = v->bytes;
  if (!bytes || count < 1 || count > 64) return false;
  for (int64_t i = 1; i < count; i++)
    if (memcmp(bytes, bytes + (size_t)i * size, size) != 0) return false;
  *out = eager__decode_double(v->dtype, bytes);
  return true;
}

static bool is_number(const eager__program *p, int value, double number) {
  double found;
  return find_number(p, value, &found) && found == number &&
         signbit(found) == signbit(number);
}

/* --- Ops that change nothing --- */

static bool is_op(const eager__item *item, const char *name) {
  return strcmp(item->op->name, name) == 0;
}

static bool same_shape(const eager__program *p, int a, int b) {
  return p->values[a].dtype == p->values[b].dtype &&
         eager__shape_equal(&p->values[a].shape, &p->values[b].shape);
}

/* The item that makes `value`, if that is an op of this name on the same device. */
static const eager__item *made_by(const eager__program *p, const eager__item *reader,
                                  int value, const char *name) {
  const eager__value *v = &p->values[eager__program_same(p, value)];
  if (v->item < 0) return NULL;
  const eager__item *item = &p->items[v->item];
  return is_op(item, name) && item->device == reader->device ? item : NULL;
}

/* x op number and, where `commutes`, number op x: the input that comes out, or -1. */
static int neutral(const eager__program *p, const eager__item *item, double number,
                   bool commutes) {
  if (is_number(p, item->inputs[1], number)) return 0;
  return commutes && is_number(p, item->inputs[0], number) ? 1 : -1;
}

/* -0 + 0 is 0, so of floats it is -0 that changes nothing; x - 0 is x of all. */
static int neutral_input(const eager__program *p, const eager__item *item) {
  bool is_float = eager__dtype_is_float(item->dtype);
  if (is_op(item, "AddV2")) return neutral(p, item, is_float ? -0.0 : 0.0, true);
  if (is_op(item, "Sub")) return neutral(p, item, 0.0, false);
  if (is_op(item, "Mul")) return neutral(p, item, 1.0, true);
  if (is_op(item, "RealDiv")) return neutral(p, item, 1.0, false);
  return -1;
}

/* f(f(x)) is x. */
static bool undoes_itself(const eager__item *item) {
  return is_op(item, "Neg") || is_op(item, "LogicalNot") || is_op(item, "Invert");
}

/* f(f(x)) is f(x). */
static bool settles(const eager__item *item) {
  static const char *const names[] = {"Relu", "Relu6", "Abs",  "Floor", "Ceil",
                                      "Rint", "Round", "Sign", NULL};
  for (int i = 0; names[i]; i++)
    if (is_op(item, names[i])) return true;
  return false;
}

/* f(x, x) is x. */
static bool chooses(const eager__item *item) {
  return is_op(item, "Maximum") || is_op(item, "Minimum") || is_op(item, "LogicalAnd") ||
         is_op(item, "LogicalOr") || is_op(item, "BitwiseAnd") || is_op(item, "BitwiseOr");
}

/* The value that the item's only output equals, or -1. Its shape may be another. */
static int find_equal(const eager__program *p, const eager__item *item) {
  const char *name = item->op->name;
  if (item->input_count == 1) {
    const eager__item *inner = made_by(p, item, item->inputs[0], name);
    if (inner && undoes_itself(item)) return inner->inputs[0];
    if (inner && settles(item)) return item->inputs[0];
  } else if (item->input_count == 2) {
    bool twice =
        eager__program_same(p, item->inputs[0]) == eager__program_same(p, item->inputs[1]);
    if (twice && chooses(item)) return item->inputs[0];
    int kept = neutral_input(p, item);
    if (kept >= 0) return item->inputs[kept];
  } else if (item->input_count == 3 && is_op(item, "SelectV2")) {
    bool twice =
        eager__program_same(p, item->inputs[1]) == eager__program_same(p, item->inputs[2]);
    if (twice) return item->inputs[1];
  }
  return -1;
}

/* Elementwise ops on another input, which the sign does not reach. */
static void look_through_sign(eager__program *p, eager__item *item) {
  if (!is_op(item, "Abs") && !is_op(item, "Square")) return;
  const eager__item *inner = made_by(p, item, item->inputs[0], "Neg");
  if (inner && eager__dtype_is_float(item->dtype)) item->inputs[0] = inner->inputs[0];
}

static bool pass(eager__program *p, eager__item *item) {
  int64_t offset;
  int output = item->outputs[0], base = eager__program_base(p, output, &offset);
  if (item->output_count != 1) return false;
  int equal = base != output && offset == 0 ? base : find_equal(p, item);
  if (equal < 0 || !same_shape(p, equal, output)) return false;
  if (p->values[eager__program_same(p, equal)].device != item->device) return false;
  replace(p, output, equal);
  return true;
}

/* --- The same constant twice --- */

enum { CONSTANT_MOST = 64 }; /* bytes: what is written down in a program's text */

static bool is_small_constant(const eager__value *v) {
  return v->bytes &&
         eager_dtype_size(v->dtype) * (size_t)eager__shape_elements(&v->shape) <=
             CONSTANT_MOST;
}

static bool same_constant(const eager__value *a, const eager__value *b) {
  return a->dtype == b->dtype && a->device == b->device &&
         eager__shape_equal(&a->shape, &b->shape) &&
         memcmp(a->bytes, b->bytes,
                eager_dtype_size(a->dtype) * (size_t)eager__shape_elements(&a->shape)) == 0;
}

static uint64_t hash_constant(const eager__value *v) {
  uint64_t hash = (uint64_t)v->dtype;
  size_t size = eager_dtype_size(v->dtype) * (size_t)eager__shape_elements(&v->shape);
  for (size_t i = 0; i < size; i++) hash = mix(hash, ((const uint8_t *)v->bytes)[i]);
  return hash;
}

static void join_constants(eager__program *p, int *table, size_t room) {
  for (size_t i = 0; i < p->value_count; i++) {
    eager__value *v = &p->values[i];
    if (!is_small_constant(v)) continue;
    size_t at = hash_constant(v) % room;
    while (table[at] && !same_constant(v, &p->values[table[at] - 1])) at = (at + 1) % room;
    if (table[at])
      replace(p, (int)i, table[at] - 1);
    else
      table[at] = (int)i + 1;
  }
}

eager_status eager__program_simplify(eager__program *p) {
  size_t most = p->item_count > p->value_count ? p->item_count : p->value_count;
  size_t room = 2 * most + 1, size = room * sizeof(int);
  int *table = eager__alloc(size);
  if (!table) return eager__out_of_memory(size);
  join_constants(p, table, room);
  memset(table, 0, size);
  for (size_t i = 0; i < p->item_count; i++) {
    eager__item *item = &p->items[i];
    if (item->user) continue;
    look_through_sign(p, item);
    if (!pass(p, item)) (void)join_twin(p, (int)i, table, room);
  }
  eager__free(table);
  return EAGER_OK;
}
