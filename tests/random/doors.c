#include "random/doors.h"

#include "random/ops.h"

/* --- Typed --- */

typedef eager_status (*fn_1)(eager_tensor *, eager_tensor **);
typedef eager_status (*fn_2)(eager_tensor *, eager_tensor *, eager_tensor **);
typedef eager_status (*fn_3)(eager_tensor *, eager_tensor *, eager_tensor *,
                             eager_tensor **);
typedef eager_status (*fn_reduce)(eager_tensor *, const int64_t *, int, bool,
                                  eager_tensor **);
typedef eager_status (*fn_arg)(eager_tensor *, int64_t, eager_dtype, eager_tensor **);
typedef eager_status (*fn_scan)(eager_tensor *, int64_t, bool, bool, eager_tensor **);
typedef eager_status (*fn_shape)(eager_tensor *, int, const int64_t *, eager_tensor **);
typedef eager_status (*fn_list)(eager_tensor *, const int64_t *, eager_tensor **);
typedef eager_status (*fn_lists)(eager_tensor *, const int64_t *, const int64_t *,
                                 eager_tensor **);
typedef eager_status (*fn_axes)(eager_tensor *, const int64_t *, int, eager_tensor **);
typedef eager_status (*fn_axis)(eager_tensor *, int64_t, eager_tensor **);
typedef eager_status (*fn_dtype)(eager_tensor *, eager_dtype, eager_tensor **);
typedef eager_status (*fn_many)(eager_tensor *const *, size_t, int64_t, eager_tensor **);
typedef eager_status (*fn_parts)(eager_tensor *, int, int64_t, eager_tensor **);
typedef eager_status (*fn_index)(eager_tensor *, eager_tensor *, int64_t, eager_tensor **);
typedef eager_status (*fn_transposes)(eager_tensor *, bool, eager_tensor *, bool,
                                      eager_tensor **);

static const int64_t *list_of(const rp_step *step, const char *name) {
  const rp_attr *attr = rp_attr_find(step, name);
  return attr != NULL ? attr->ints : NULL;
}

static int count_of(const rp_step *step, const char *name) {
  const rp_attr *attr = rp_attr_find(step, name);
  return attr != NULL ? attr->count : 0;
}

/* A list of another length cannot be said to a door that is told none. */
static bool is_per_axis(const rp_step *step, const char *name, const eager_tensor *x) {
  int count = count_of(step, name), each = strcmp(name, "paddings") == 0 ? 2 : 1;
  return rp_attr_find(step, name) == NULL || count == each * eager_tensor_rank(x);
}

bool rp_door_can(const rp_step *step, eager_tensor *const *in) {
  const rp_op *op = rp_op_at(step->op);
  if (op->typed == NULL || step->device >= 0) return false;
  bool lists = op->door == RP_DOOR_LIST || op->door == RP_DOOR_LISTS;
  for (int i = 0; i < 2 && lists && op->attrs[i] != NULL; i++)
    if (!is_per_axis(step, op->attrs[i], in[0])) return false;
  return true;
}

eager_status rp_door_typed(const rp_step *step, eager_tensor *const *in,
                           eager_tensor **out) {
  const rp_op *op = rp_op_at(step->op);
  rp_door_fn f = op->typed_fn;
  const char *first = op->attrs[0], *second = op->attrs[1];
  switch (op->door) {
  case RP_DOOR_1:
    return ((fn_1)f)(in[0], out);
  case RP_DOOR_2:
    return ((fn_2)f)(in[0], in[1], out);
  case RP_DOOR_3:
    return ((fn_3)f)(in[0], in[1], in[2], out);
  case RP_DOOR_REDUCE:
    return ((fn_reduce)f)(in[0], list_of(step, first), count_of(step, first),
                          rp_attr_int(step, second, 0) != 0, out);
  case RP_DOOR_ARG:
    return ((fn_arg)f)(in[0], rp_attr_int(step, first, 0),
                       (eager_dtype)rp_attr_int(step, second, EAGER_INT64), out);
  case RP_DOOR_SCAN:
    return ((fn_scan)f)(in[0], rp_attr_int(step, first, 0),
                        rp_attr_int(step, "exclusive", 0) != 0,
                        rp_attr_int(step, "reverse", 0) != 0, out);
  case RP_DOOR_SHAPE:
    return ((fn_shape)f)(in[0], count_of(step, first), list_of(step, first), out);
  case RP_DOOR_LIST:
    return ((fn_list)f)(in[0], list_of(step, first), out);
  case RP_DOOR_LISTS:
    return ((fn_lists)f)(in[0], list_of(step, first), list_of(step, second), out);
  case RP_DOOR_AXES:
    return ((fn_axes)f)(in[0], list_of(step, first), count_of(step, first), out);
  case RP_DOOR_AXIS:
    return ((fn_axis)f)(in[0], rp_attr_int(step, first, 0), out);
  case RP_DOOR_DTYPE:
    return ((fn_dtype)f)(in[0], (eager_dtype)rp_attr_int(step, first, 0), out);
  case RP_DOOR_MANY:
    return ((fn_many)f)(in, (size_t)step->input_count, rp_attr_int(step, first, 0), out);
  case RP_DOOR_PARTS:
    return ((fn_parts)f)(in[0], (int)rp_attr_int(step, first, 0),
                         rp_attr_int(step, second, 0), out);
  case RP_DOOR_INDEX:
    return ((fn_index)f)(in[0], in[1], rp_attr_int(step, first, 0), out);
  default:
    return ((fn_transposes)f)(in[0], rp_attr_int(step, first, 0) != 0, in[1],
                              rp_attr_int(step, second, 0) != 0, out);
  }
}

/* --- By name --- */

static eager_status set_attr(eager_op *op, const rp_attr *attr) {
  switch (attr->kind) {
  case EAGER_ATTR_INT:
    return eager_op_set_attr_int(op, attr->name, attr->ints[0]);
  case EAGER_ATTR_BOOL:
    return eager_op_set_attr_bool(op, attr->name, attr->ints[0] != 0);
  case EAGER_ATTR_DTYPE:
    return eager_op_set_attr_dtype(op, attr->name, (eager_dtype)attr->ints[0]);
  case EAGER_ATTR_STRING:
    return eager_op_set_attr_string(op, attr->name, attr->text);
  default:
    return eager_op_set_attr_int_list(op, attr->name, attr->ints, (size_t)attr->count);
  }
}

static eager_status call_by_name(eager_op *op, const rp_step *step, const char *device,
                                 eager_tensor *const *in, eager_tensor **out) {
  int count = step->output_count;
  if (device != NULL) EAGER__TRY(eager_op_set_device(op, device));
  for (int i = 0; i < step->input_count; i++) EAGER__TRY(eager_op_add_input(op, in[i]));
  for (int i = 0; i < step->attr_count; i++) EAGER__TRY(set_attr(op, &step->attrs[i]));
  return eager_op_execute(op, out, &count);
}

eager_status rp_door_by_name(const rp_step *step, const char *device,
                             eager_tensor *const *in, eager_tensor **out) {
  eager_op *op;
  EAGER__TRY(eager_op_new(rp_op_at(step->op)->name, &op));
  eager_status status = call_by_name(op, step, device, in, out);
  eager_op_release(op);
  return status;
}

/* --- Making --- */

static void give_back(void *data, void *user) {
  (void)user;
  free(data);
}

static eager_status adopt(const rp_value *value, eager_tensor **out) {
  size_t size = (size_t)value->count * value->size;
  void *data = malloc(size + 1);
  if (data == NULL) abort();
  memcpy(data, value->bytes, size);
  return eager_tensor_adopt_host(value->dtype, value->shape.rank, value->shape.dims, data,
                                 size, give_back, NULL, out);
}

/* The data is overwritten when the call has returned: it may be. */
static eager_status upload(const rp_value *value, eager_tensor **out) {
  size_t size = (size_t)value->count * value->size;
  void *data = malloc(size + 1);
  if (data == NULL) abort();
  memcpy(data, value->bytes, size);
  eager_status status =
      eager_tensor_from_host(value->dtype, value->shape.rank, value->shape.dims, data, out);
  memset(data, 0xA5, size);
  free(data);
  return status;
}

static eager_status scalar(const rp_value *value, eager_tensor **out) {
  switch (value->dtype) {
  case EAGER_INT32:
    return eager_scalar_int32((int32_t)rp_get_int(value, 0), out);
  case EAGER_INT64:
    return eager_scalar_int64(rp_get_int(value, 0), out);
  case EAGER_UINT32:
    return eager_scalar_uint32((uint32_t)rp_get_int(value, 0), out);
  case EAGER_UINT64:
    return eager_scalar_uint64((uint64_t)rp_get_int(value, 0), out);
  case EAGER_FLOAT32: {
    float v;
    memcpy(&v, value->bytes, sizeof v);
    return eager_scalar_float32(v, out);
  }
  case EAGER_FLOAT64: {
    double v;
    memcpy(&v, value->bytes, sizeof v);
    return eager_scalar_float64(v, out);
  }
  default:
    return eager_scalar_bool(rp_get_int(value, 0) != 0, out);
  }
}

eager_status rp_door_make(const rp_step *step, const rp_value *value, eager_tensor **out) {
  switch (step->how) {
  case RP_ADOPT_HOST:
    return adopt(value, out);
  case RP_ZEROS:
    return eager_tensor_zeros(value->dtype, value->shape.rank, value->shape.dims, out);
  case RP_SCALAR:
    return scalar(value, out);
  default:
    return upload(value, out);
  }
}
